/// A report as one page that can be mailed, kept and printed: report.html holds its figures, pictures, style and script, and loads nothing.
#pragma once

#include <string>

#include "compression/report/report.h"

namespace tuckerseg {

/// The page. Its Content-Security-Policy forbids every connection and every script but its own (by hash), so that a browser would refuse
/// even what escaping had missed. What the report says in words (names of cases, structures, variants) is escaped and shown as it stands;
/// bytes that are no UTF-8 become U+FFFD. A figure that is not finite counts as absent.
/// Errors: kInvalidArgument for a picture whose pixels do not fit its size.
std::string ReportHtml(const Report& report);

/// The figures alone, as they stand in the page's <script type="application/json" id="report">: JSON without `<`, `>` and `&`.
std::string ReportJson(const Report& report);

}  // namespace tuckerseg
