/// Fills the contract's messages of variants from what the catalogue shows.
#pragma once

#include <string>

#include "server/variants/catalogue_view.h"
#include "tuckerseg/v1/model.pb.h"

namespace tuckerseg {

void Fill(const std::string& task, const ServedLevel& level, v1::Variant& message);
/// In the order of its levels.
void Fill(const CatalogueModel& model, v1::ListVariantsResponse& response);
/// Ascending by task, then bundles that cannot be served.
void Fill(const CatalogueView& view, v1::ListVariantsResponse& response);

}  // namespace tuckerseg
