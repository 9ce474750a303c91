# Draws the loads that `tuckerseg-load sweep --csv sweep.csv` has written: what was answered in time, which of the admitted deadlines were kept, and how
# accurate the answers were, against the load; the server's own choice beside each level alone.
#   gnuplot -e "csv='sweep.csv'; out='load.svg'; levels='auto original'" tests/load/load.gp
set datafile separator ","
set datafile missing "NaN"
set terminal svg size 1260,380 font "DejaVu Sans,11" background "white"
set output out
set multiplot layout 1,3
set xlabel "load (1: what the fastest level does, one request after another)"
set xrange [0:*]
set grid
of(level) = strcol(1) eq level ? column(2) : NaN
set key bottom left
set yrange [0:105]
set ylabel "% of requests"
set title "answered in time"
plot for [level in levels] csv skip 1 using (of(level)):(100 * column(4)) with linespoints pt 7 lw (level eq "auto" ? 3 : 1) title level noenhanced
set ylabel "% of admitted deadlines"
set title "admitted deadlines that were kept"
plot for [level in levels] csv skip 1 using (of(level)):(100 * column(5)) with linespoints pt 7 lw (level eq "auto" ? 3 : 1) title level noenhanced
unset key  # as in the other two; lines run where it would stand
set yrange [*:1.005]
set ylabel "mean quality (Dice against the original, lower bound)"
set title "quality of the answers"
plot for [level in levels] csv skip 1 using (of(level)):(column(6)) with linespoints pt 7 lw (level eq "auto" ? 3 : 1) title level noenhanced
