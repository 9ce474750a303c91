#include "compression/bench/form_networks.h"

#include <gmock/gmock.h>

#include "engine/error.h"
#include "engine/model/cost.h"
#include "engine/segment/linear_head.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

ModelForm TinyForm(int64_t classes) {
  ModelForm form;
  form.name = "original";
  form.bundle = TinyBundle(TinyUnet(4, classes), {8, 8, 8}, 1);
  return form;
}

TEST(NetworksOfAForm, RunOnThePartsPatchOrAnother) {
  const ModelForm form = TinyForm(3);
  EXPECT_EQ(NetworksOf(form, {}).name, "original");
  EXPECT_EQ(NetworksOf(form, {}).networks.front().patch, (Size3{8, 8, 8}));
  const VariantNetworks networks = NetworksOf(form, Size3{4, 4, 4});
  EXPECT_EQ(networks.networks.front().patch, (Size3{4, 4, 4}));
  EXPECT_EQ(networks.MultiplyAdds(), TotalMultiplyAdds(form.bundle.model.parts.front().graph, {4, 4, 4}));
  ExpectError(ErrorCode::kInvalidArgument, "patch[0] = 3: must be a positive multiple of 2", [&] { NetworksOf(form, Size3{3, 4, 4}); });
}

TEST(NetworksOfAForm, RunWithoutAHeadThatTheServerRunsOnSummedFeatures) {
  const ModelForm many = TinyForm(9);
  ASSERT_TRUE(LinearHead::Pays(many.bundle.model.parts.front()));
  EXPECT_EQ(NetworksOf(many, {}).networks.front().graph, LinearHead::TrunkOf(many.bundle.model.parts.front().graph));
  const ModelForm few = TinyForm(3);
  EXPECT_EQ(NetworksOf(few, {}).networks.front().graph, few.bundle.model.parts.front().graph);
}

}  // namespace
}  // namespace tuckerseg
