# cmake -DTASKS=... -DCLASSES=... -DOUTPUT=... -P embed.cmake: writes a source file that holds both tables as text.
file(READ ${TASKS} tasks)
file(READ ${CLASSES} classes)
file(WRITE ${OUTPUT} "#include \"engine/model/catalog/catalog_text.h\"

namespace tuckerseg {
const char* const kTasksText = R\"catalog(${tasks})catalog\";
const char* const kClassesText = R\"catalog(${classes})catalog\";
}  // namespace tuckerseg
")
