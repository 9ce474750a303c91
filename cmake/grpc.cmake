# gRPC and protobuf as Debian 12 has them (1.51, 3.21), which bring pkg-config files but no CMake packages.
find_package(PkgConfig REQUIRED)
find_package(Protobuf REQUIRED)
pkg_check_modules(GRPCPP REQUIRED IMPORTED_TARGET grpc++)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
find_library(GRPCPP_REFLECTION_LIBRARY grpc++_reflection REQUIRED)

add_library(tuckerseg_grpc INTERFACE)
add_library(tuckerseg::grpc ALIAS tuckerseg_grpc)
target_link_libraries(tuckerseg_grpc INTERFACE PkgConfig::GRPCPP protobuf::libprotobuf)

add_library(tuckerseg_grpc_reflection INTERFACE)
add_library(tuckerseg::grpc_reflection ALIAS tuckerseg_grpc_reflection)
# The plugin registers itself by a static initialiser that nothing refers to: it must not be dropped.
target_link_libraries(tuckerseg_grpc_reflection INTERFACE -Wl,--no-as-needed ${GRPCPP_REFLECTION_LIBRARY} -Wl,--as-needed
                      tuckerseg::grpc)
