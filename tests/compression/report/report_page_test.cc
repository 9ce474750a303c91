/// The page as a browser shows it: its script is run, where there is a browser to run it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "compression/report/report_html.h"
#include "tests/compression/report/sample_report.h"
#include "tests/integration/program.h"

namespace tuckerseg {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ReportPage : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v chromium > /dev/null") != 0) GTEST_SKIP() << "no chromium: the page's script was not run";
  }
  /// The document after its script has run, without the script. Its errors are the test's, also those of what is made only for printing.
  std::string Shown(const Report& report) const {
    folder_.Write("page.html", ReportHtml(report));
    const Outcome shown = Browse("--dump-dom");
    EXPECT_THAT(shown.err, Not(HasSubstr("CONSOLE")));
    EXPECT_THAT(Browse("--print-to-pdf=page.pdf").err, Not(HasSubstr("CONSOLE")));
    EXPECT_THAT(shown.out, Not(HasSubstr("</h2></section>"))) << "a section is empty";
    return shown.out.substr(0, shown.out.find("<script type=\"application/json\""));
  }

 private:
  Outcome Browse(const std::string& what) const {
    const Outcome outcome = RunProgram("chromium", "--headless --no-sandbox --disable-gpu --user-data-dir=profile --enable-logging=stderr " + what + " page.html",
                                       folder_.path());
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome;
  }

  const TemporaryDirectory folder_;
};

/// Without labels nothing is to the reference, and the original is held against nothing.
Report WithoutLabels() {
  Report report = SampleReport(20, 5);
  report.data.labelled_cases = 0;
  for (ReportVariant& variant : report.variants) {
    variant.dice_to_reference.reset();
    variant.statistics.clear();
    for (StructureQuality& structure : variant.structures) {
      structure.cases_to_reference = 0;
      structure.dice_to_reference.reset();
    }
  }
  return report;
}

TEST_F(ReportPage, ShowsAllThatWasMeasured) {
  EXPECT_THAT(Shown(SampleReport()), AllOf(HasSubstr("n = 20, with reference labels"), HasSubstr("hosvd-0.3-tuned"), HasSubstr("Structures by outcome"),
                                           HasSubstr("Time of a case"), HasSubstr("<figure class=\"picture\">")));
}

TEST_F(ReportPage, SaysWhatIsMissingOfAReportOfNothing) {
  EXPECT_THAT(Shown(Report{}), AllOf(HasSubstr("No variant was measured."), HasSubstr("No pictures were taken.")));
}

TEST_F(ReportPage, ShowsTheOriginalAlone) {
  Report report = SampleReport(20, 5);
  report.variants.resize(1);
  report.worst_cases.clear();
  EXPECT_THAT(Shown(report), AllOf(HasSubstr("1 variant, 20 cases"), HasSubstr("<b>original</b>: 5 structures")));
}

TEST_F(ReportPage, CountsCasesToTheOriginalWhereThereAreNoLabels) {
  const std::string page = Shown(WithoutLabels());
  EXPECT_THAT(page, AllOf(HasSubstr("n = 20, without reference labels"), HasSubstr("The data have no reference labels. No tests.")));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">spleen</th><td class=\"number\">20</td>")) << "of the heat map";
  EXPECT_THAT(page, Not(HasSubstr("<b>original</b>: 5 structures"))) << "there is nothing to hold it against";
}

TEST_F(ReportPage, HasNumbersOnTheAxisOfFiguresThatLieNearOneAnother) {
  Report report = SampleReport(20, 5);
  report.variants.resize(3);
  for (size_t i = 0; i < 3; ++i) report.variants[i].seconds_per_case = std::array{12.6, 13.55, 14.4}[i];
  EXPECT_THAT(Shown(report), AllOf(HasSubstr("text-anchor=\"middle\">13</text>"), HasSubstr("text-anchor=\"middle\">14</text>")));
}

TEST_F(ReportPage, SaysFirstAndBesideItsNameThatAVariantHasSeenCasesAndChoosesItForNoQuality) {
  Report report = SampleReport(20, 5);
  report.variants.resize(2);
  report.variants[1].dice_to_original = ReportDice{0.995, DiceInterval{0.992, 0.998}};
  const std::string chosen = "<td>" + report.variants[1].name + "</td>";
  const std::string unseen = Shown(report);
  EXPECT_THAT(unseen, AllOf(HasSubstr(chosen), Not(HasSubstr("seen when made"))));
  report.variants[1].seen_cases = 3;
  const std::string page = Shown(report);
  EXPECT_THAT(page, AllOf(HasSubstr("<b>Seen cases. </b>hosvd-0.7-tuned: 3 of 20 cases seen when made"), HasSubstr("<small>3 of 20 cases seen when made</small></th>")));
  EXPECT_THAT(page, Not(HasSubstr(chosen)));
}

TEST_F(ReportPage, SaysHowManyCasesHaveLabels) {
  Report report = SampleReport(40, 5);
  report.data.labelled_cases = 1;
  EXPECT_THAT(Shown(report), AllOf(HasSubstr("n = 40, 1 of them with reference labels"), HasSubstr("1 case with reference labels: with fewer than 6")));
}

}  // namespace
}  // namespace tuckerseg
