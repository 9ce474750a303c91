/// What a student learns from.
#pragma once

namespace tuckerseg {

enum class TuningTarget { kTeacher, kLabels, kBoth };  // the teacher: the original

}  // namespace tuckerseg
