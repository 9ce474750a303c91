#include "compression/evaluate/card_files.h"

#include <algorithm>
#include <set>

#include "compression/evaluate/made_card.h"
#include "engine/error.h"
#include "engine/model/card_file.h"

namespace tuckerseg {
namespace {

const Card* FindCard(std::span<const Card> cards, const std::string& variant) {
  const auto found = std::find_if(cards.begin(), cards.end(), [&](const Card& card) { return card.variant == variant; });
  return found == cards.end() ? nullptr : &*found;
}

/// Cards of the levels in the form's directory: those just made, then former ones of the same weights.
std::vector<Card> CardsTogether(const ModelForm& form, std::span<const ModelForm> forms, std::span<const Card> cards) {
  const std::vector<Card> former = ReadCards(form.directory);
  std::vector<Card> together;
  for (const std::string& level : form.siblings) {
    const auto made = std::find_if(forms.begin(), forms.end(), [&](const ModelForm& one) { return one.name == level && one.directory == form.directory; });
    const Card* old = FindCard(former, level);
    if (made != forms.end()) {
      together.push_back(cards[static_cast<size_t>(made - forms.begin())]);
    } else if (old != nullptr && old->weights_sha256 == form.weights_sha256) {
      together.push_back(*old);
    }
  }
  return together;
}

}  // namespace

void CheckCardFile(const std::filesystem::path& directory, const std::string& what) {
  try {
    ReadCards(directory);
  } catch (const Error& error) {
    throw Error(error.code(), what + ": " + error.what() + "; or remove it");
  }
}

std::vector<Card> MakeCards(std::span<const ModelForm> forms, const CaseFolder& folder, std::span<const VariantScores> scores,
                            std::span<const VariantSummary> summaries) {
  std::vector<Card> cards;
  for (size_t i = 0; i < forms.size(); ++i) {
    const Model& model = forms[i].bundle.model;
    cards.push_back(MakeCard({model.name, model.task, forms[i].weights_sha256}, folder, scores[i], summaries[i]));
    for (const Card& former : ReadCards(forms[i].directory)) KeepLatency(former, cards.back());
  }
  return cards;
}

void WriteCardFiles(std::span<const ModelForm> forms, std::span<const Card> cards) {
  std::set<std::filesystem::path> written;
  for (const ModelForm& form : forms) {
    if (!written.insert(form.directory).second) continue;
    WriteCards(form.directory, CardsTogether(form, forms, cards));
  }
}

}  // namespace tuckerseg
