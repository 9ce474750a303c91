# Draws the figures that `tuckerseg-memory-bench sweep > sweep.csv` prints: peak memory against classes and against the volume.
#   gnuplot -e "csv='sweep.csv'; out='memory.svg'" tests/bench/memory.gp
set datafile separator ","
set terminal svg size 900,380 font "DejaVu Sans,11" background "white"
set output out
set multiplot layout 1,2
set ylabel "GiB"
set yrange [0:*]
set key top left
set grid
set title "192 x 192 x 240 voxels of 1.6 mm"
set xlabel "classes"
plot csv using (strcol(1) eq "classes" ? $2 : NaN):5 with linespoints pt 7 title "measured", \
     csv using (strcol(1) eq "classes" ? $2 : NaN):6 with linespoints pt 6 title "predicted", \
     csv using (strcol(1) eq "classes" ? $2 : NaN):7 with linespoints pt 2 title "nnU-Net's buffers"
set title "118 classes, 192 x 192 x N voxels of 1.6 mm"
set xlabel "N"
length(text) = real(text[strstrt(text, "x 192 x ") + 8:])
plot csv using (strcol(1) eq "volume" ? length(strcol(3)) : NaN):5 with linespoints pt 7 title "measured", \
     csv using (strcol(1) eq "volume" ? length(strcol(3)) : NaN):6 with linespoints pt 6 title "predicted", \
     csv using (strcol(1) eq "volume" ? length(strcol(3)) : NaN):7 with linespoints pt 2 title "nnU-Net's buffers"
