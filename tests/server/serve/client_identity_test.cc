#include "server/serve/client_identity.h"

#include <gtest/gtest.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/auth_metadata_processor.h>

#include <memory>
#include <string>
#include <vector>

#include "tuckerseg/v1/server_info.grpc.pb.h"

namespace tuckerseg {
namespace {

/// Tells each client who it is.
class MirrorService final : public v1::ServerService::Service {
 public:
  grpc::Status GetServerInfo(grpc::ServerContext* context, const v1::GetServerInfoRequest*, v1::GetServerInfoResponse* response) override {
    response->set_version(ClientIdentity(*context));
    return grpc::Status::OK;
  }
};

/// Takes a client's word for its name, as a proof.
class NameIsProof final : public grpc::AuthMetadataProcessor {
 public:
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* context, OutputMetadata*, OutputMetadata*) override {
    const auto name = metadata.find("name");
    if (name == metadata.end()) return grpc::Status::OK;
    context->AddProperty("proved_name", name->second);
    context->SetPeerIdentityPropertyName("proved_name");
    return grpc::Status::OK;
  }
};

std::string IdentityOf(const std::string& name, const std::shared_ptr<grpc::ServerCredentials>& server_credentials,
                       const std::shared_ptr<grpc::ChannelCredentials>& channel_credentials) {
  MirrorService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", server_credentials, &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const auto channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(port), channel_credentials);
  grpc::ClientContext context;
  if (!name.empty()) context.AddMetadata("name", name);
  v1::GetServerInfoResponse response;
  const grpc::Status status = v1::ServerService::NewStub(channel)->GetServerInfo(&context, {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.version();
}

TEST(ClientIdentity, IsAnonymousForWhoHasProvedNothing) {
  EXPECT_EQ(IdentityOf("", grpc::InsecureServerCredentials(), grpc::InsecureChannelCredentials()), "anonymous");
  EXPECT_EQ(IdentityOf("ward-3", grpc::InsecureServerCredentials(), grpc::InsecureChannelCredentials()), "anonymous") << "a name is no proof";
}

TEST(ClientIdentity, IsWhatThePeerHasProvedAndNeverThatOfNobody) {
  const auto identity = [](const std::string& name) {
    const auto credentials = grpc::experimental::LocalServerCredentials(LOCAL_TCP);
    credentials->SetAuthMetadataProcessor(std::make_shared<NameIsProof>());
    return IdentityOf(name, credentials, grpc::experimental::LocalCredentials(LOCAL_TCP));
  };
  EXPECT_EQ(identity("ward-3"), "proved_name=ward-3\n");
  EXPECT_NE(identity("anonymous"), "anonymous");
}

}  // namespace
}  // namespace tuckerseg
