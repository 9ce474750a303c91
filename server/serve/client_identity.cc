#include "server/serve/client_identity.h"

#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

namespace tuckerseg {

std::string ClientIdentity(const grpc::ServerContext& context) {
  const std::shared_ptr<const grpc::AuthContext> proof = context.auth_context();
  if (!proof || !proof->IsPeerAuthenticated()) return "anonymous";
  std::string identity = proof->GetPeerIdentityPropertyName() + "=";
  // A certificate may bear several names: together they are one client.
  for (const grpc::string_ref& name : proof->GetPeerIdentity()) identity.append(name.data(), name.size()) += '\n';
  return identity;
}

}  // namespace tuckerseg
