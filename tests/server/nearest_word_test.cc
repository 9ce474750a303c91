#include "server/nearest_word.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tuckerseg {
namespace {

const std::vector<std::string> kWords{"threads", "max_voxels", "max_axis", "listen", "models"};

TEST(NearestWord, IsTheOneWithTheFewestMistakes) {
  EXPECT_EQ(NearestWord("treads", kWords), "threads") << "a letter too little";
  EXPECT_EQ(NearestWord("threadds", kWords), "threads") << "one too much";
  EXPECT_EQ(NearestWord("thresds", kWords), "threads") << "another one";
  EXPECT_EQ(NearestWord("litsen", kWords), "listen") << "two swapped";
  EXPECT_EQ(NearestWord("maxVoxels", kWords), "max_voxels");
  EXPECT_EQ(NearestWord("max-axis", kWords), "max_axis");
  EXPECT_EQ(NearestWord("models", kWords), "models");
}

TEST(NearestWord, IsNoneWhereMoreThanAThirdOfTheLettersWouldBeMistakes) {
  EXPECT_FALSE(NearestWord("colour", kWords));
  EXPECT_FALSE(NearestWord("", kWords));
  EXPECT_FALSE(NearestWord("mdl", kWords));
  EXPECT_FALSE(NearestWord("threads", std::vector<std::string>{}));
  EXPECT_FALSE(NearestWord(std::string(100000, 'a'), kWords));
}

TEST(NearestWord, OfSeveralIsTheFirst) {
  EXPECT_EQ(NearestWord("word", std::vector<std::string>{"ward", "wort"}), "ward");
}

}  // namespace
}  // namespace tuckerseg
