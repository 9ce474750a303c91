#include <fstream>

#include "compression/report/report_html.h"
#include "tests/compression/report/sample_report.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ofstream file(argv[1], std::ios::binary);
  file << tuckerseg::ReportHtml(tuckerseg::SampleReport()) << std::flush;
  return file ? 0 : 1;
}
