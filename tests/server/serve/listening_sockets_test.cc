#include "server/serve/listening_sockets.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/engine/model/few_descriptors.h"

namespace tuckerseg {
namespace {

using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// All of 127.0.0.0/8 are this machine's; at these nobody else listens, so that a port which is free at one is free at the other.
constexpr auto kFirst = "127.7.0.1";
constexpr auto kSecond = "127.7.0.2";
/// Nobody's, for documents (RFC 5737).
constexpr auto kNobodys = "192.0.2.1";

/// As getaddrinfo() gives the addresses of a name.
class AddressesOfAName {
 public:
  explicit AddressesOfAName(const std::vector<std::string>& addresses) : sockets_(addresses.size()), list_(addresses.size()) {
    for (size_t i = 0; i < addresses.size(); ++i) {
      sockets_[i].sin_family = AF_INET;
      EXPECT_EQ(inet_pton(AF_INET, addresses[i].c_str(), &sockets_[i].sin_addr), 1);
      list_[i].ai_family = AF_INET;
      list_[i].ai_addr = reinterpret_cast<sockaddr*>(&sockets_[i]);
      list_[i].ai_addrlen = sizeof(sockets_[i]);
      list_[i].ai_next = i + 1 < addresses.size() ? &list_[i + 1] : nullptr;
    }
  }
  AddressesOfAName(const AddressesOfAName&) = delete;
  AddressesOfAName& operator=(const AddressesOfAName&) = delete;

  addrinfo* list() { return list_.data(); }

 private:
  std::vector<sockaddr_in> sockets_;
  std::vector<addrinfo> list_;
};

/// Sockets at a name's addresses until the end of the scope.
class Listeners {
 public:
  explicit Listeners(const std::vector<std::string>& addresses, int port = 0) : sockets_(ListenAtEach(AddressesOfAName(addresses).list(), port)) {}
  ~Listeners() {
    for (const int socket : sockets_) close(socket);
  }
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  const std::vector<int>& sockets() const { return sockets_; }
  /// Of the first.
  int port() const { return sockets_.empty() ? 0 : PortOf(sockets_.front()); }

 private:
  const std::vector<int> sockets_;
};

TEST(ListeningSockets, AreAtEveryAddressOfANameWithOnePort) {
  const Listeners both({kFirst, kSecond});
  ASSERT_THAT(both.sockets(), SizeIs(2));
  EXPECT_NE(both.port(), 0);
  EXPECT_EQ(PortOf(both.sockets()[1]), both.port());
}

TEST(ListeningSockets, AreNoneWhereOneOfTheAddressesIsAnothers) {
  const Listeners other({kSecond});
  EXPECT_THAT(Listeners({kFirst, kSecond}, other.port()).sockets(), IsEmpty());
  EXPECT_THAT(Listeners({kSecond, kFirst}, other.port()).sockets(), IsEmpty());
  EXPECT_THAT(Listeners({kFirst}, other.port()).sockets(), SizeIs(1)) << "nothing was left there";
}

TEST(ListeningSockets, PassOverAddressesThatThisMachineLacks) {
  EXPECT_THAT(Listeners({kNobodys, kFirst}).sockets(), SizeIs(1));
  EXPECT_THAT(Listeners({kFirst, kNobodys}).sockets(), SizeIs(1));
  EXPECT_THAT(Listeners({kNobodys}).sockets(), IsEmpty());
}

TEST(ListeningSockets, AreNoneWhereThereAreNotEnoughForEachAddress) {
  AddressesOfAName both({kFirst, kSecond});
  const FewDescriptors one(1);
  EXPECT_THAT(ListenAtEach(both.list(), 0), IsEmpty()) << "half a name would be served";
  EXPECT_THAT(Listeners({kFirst}).sockets(), SizeIs(1)) << "nothing was left open";
}

TEST(ListeningSockets, PassOverAnAddressOfALinkThatIsNotNamed) {
  AddressesOfAName first({kFirst});
  sockaddr_in6 link{};
  link.sin6_family = AF_INET6;
  ASSERT_EQ(inet_pton(AF_INET6, "fe80::1", &link.sin6_addr), 1);
  addrinfo list{};
  list.ai_family = AF_INET6;
  list.ai_addr = reinterpret_cast<sockaddr*>(&link);
  list.ai_addrlen = sizeof(link);
  list.ai_next = first.list();
  const std::vector<int> sockets = ListenAtEach(&list, 0);
  EXPECT_THAT(sockets, SizeIs(1));
  for (const int socket : sockets) close(socket);
}

TEST(ListeningSockets, AreOnceAtAnAddressThatANameHasTwice) {
  const Listeners any_port({kFirst, kSecond, kFirst});
  EXPECT_THAT(any_port.sockets(), SizeIs(2));
  const int free_port = Listeners({kFirst}).port();
  EXPECT_THAT(Listeners({kFirst, kFirst}, free_port).sockets(), SizeIs(1));
}

TEST(ListeningSockets, AreNoneWhereANameHasNoAddress) { EXPECT_THAT(ListenAtEach(nullptr, 0), IsEmpty()); }

TEST(ListeningSockets, DoNotStandInTheWayOfEachOtherWhereAHostIsAllAddresses) {
  const std::vector<int> sockets = ListenAt({.host = "*", .port = 0});  // [::] and 0.0.0.0
  EXPECT_THAT(sockets, Not(IsEmpty()));
  for (const int socket : sockets) close(socket);
}

}  // namespace
}  // namespace tuckerseg
