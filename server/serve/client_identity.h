/// Who a call comes from, as far as the server can be sure of it.
#pragma once

#include <string>

namespace grpc {
class ServerContext;
}

namespace tuckerseg {

/// The identity that the peer has proved, with the kind of proof in front of it ("x509_common_name=ward-3"), so that no name can be that of
/// nobody in particular; "anonymous" for all that have proved none.
std::string ClientIdentity(const grpc::ServerContext& context);

}  // namespace tuckerseg
