/// TotalSegmentator's task tables as text, embedded when the importer is built.
#pragma once

namespace tuckerseg {

extern const char* const kTasksText;    ///< catalog/tasks.json
extern const char* const kClassesText;  ///< catalog/total_classes.json

}  // namespace tuckerseg
