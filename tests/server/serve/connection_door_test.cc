#include "server/serve/connection_door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/engine/model/few_descriptors.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/serve/raw_connection.h"

namespace tuckerseg {
namespace {

/// Whoever is let in is greeted.
constexpr auto kGreeting = "welcome";

/// Those inside. Thread-safe.
class Room {
 public:
  ~Room() {
    for (const int socket : sockets_) close(socket);
  }
  ConnectionDoor::LetIn Entrance() {
    return [this](int socket) {
      EXPECT_EQ(send(socket, kGreeting, std::string(kGreeting).size(), MSG_NOSIGNAL), static_cast<ssize_t>(std::string(kGreeting).size()));
      const std::lock_guard lock(mutex_);
      sockets_.push_back(socket);
    };
  }
  /// Shows the first one out.
  void CloseFirst() {
    const std::lock_guard lock(mutex_);
    close(sockets_.front());
    sockets_.erase(sockets_.begin());
  }

 private:
  std::mutex mutex_;
  std::vector<int> sockets_;
};

class ConnectionDoorTest : public testing::Test {
 protected:
  static std::string Local(int port = 0) { return "127.0.0.1:" + std::to_string(port); }

  Room room_;  // before the doors, whose threads use it
};

TEST_F(ConnectionDoorTest, LetsSoManyInAndTheNextOneOnceAnotherHasGone) {
  ConnectionDoor door(Local(), 2);
  door.Open(room_.Entrance());
  const RawConnection first(door.port());
  const RawConnection second(door.port());
  EXPECT_EQ(first.Receive(), kGreeting);
  EXPECT_EQ(second.Receive(), kGreeting);
  testing::internal::CaptureStdout();
  for (int i = 0; i < 3; ++i) {
    const RawConnection refused(door.port());
    EXPECT_EQ(refused.Receive(), "") << "no greeting";
    EXPECT_TRUE(refused.IsClosed());
  }
  const std::string log = testing::internal::GetCapturedStdout();
  EXPECT_THAT(log, testing::HasSubstr(R"("event":"connections_refused","most":2)"));
  EXPECT_EQ(log.find("connections_refused"), log.rfind("connections_refused")) << "once: a full door must not fill the log";

  room_.CloseFirst();
  const RawConnection third(door.port());  // its descriptor is likely to be that of the one that has gone
  EXPECT_EQ(third.Receive(), kGreeting);
  EXPECT_TRUE(RawConnection(door.port()).IsClosed()) << "full again";
}

TEST_F(ConnectionDoorTest, HasNoLimitUnlessItIsToldOne) {
  ConnectionDoor door(Local(), 0);
  door.Open(room_.Entrance());
  std::vector<std::unique_ptr<RawConnection>> connections;
  for (int i = 0; i < 50; ++i) {
    connections.push_back(std::make_unique<RawConnection>(door.port()));
    EXPECT_EQ(connections.back()->Receive(), kGreeting);
  }
}

TEST_F(ConnectionDoorTest, LetsConnectionsWaitUntilItIsOpened) {
  ConnectionDoor door(Local(), 10);
  const RawConnection early(door.port());
  EXPECT_EQ(early.Receive(std::chrono::milliseconds(50)), "");
  door.Open(room_.Entrance());
  EXPECT_EQ(early.Receive(), kGreeting);
}

TEST_F(ConnectionDoorTest, GoesOnAfterThereWasNoDescriptorForAConnection) {
  ConnectionDoor door(Local(), 10);
  const RawConnection connection(door.port());
  {
    const FewDescriptors none(0);
    door.Open(room_.Entrance());
    EXPECT_EQ(connection.Receive(std::chrono::milliseconds(150)), "") << "it waits";
  }
  EXPECT_EQ(connection.Receive(), kGreeting);
}

TEST_F(ConnectionDoorTest, ListensAtTheAddressesOfAName) {
  ConnectionDoor door("localhost:0", 10);
  door.Open(room_.Entrance());
  EXPECT_EQ(RawConnection(door.port()).Receive(), kGreeting);
}

TEST_F(ConnectionDoorTest, SharesANameWithNoOtherDoor) {
  const ConnectionDoor at_one_address(Local(), 10);  // `localhost` may have another one, which is free: that of IPv6
  const std::string name = "localhost:" + std::to_string(at_one_address.port());
  ExpectError(ErrorCode::kInternal, "listen = " + name + ": cannot be listened at", [&] { ConnectionDoor(name, 10); });
}

TEST_F(ConnectionDoorTest, GivesItsPortBack) {
  int port = 0;
  {
    ConnectionDoor door(Local(), 10);
    door.Open(room_.Entrance());
    port = door.port();
    EXPECT_EQ(RawConnection(port).Receive(), kGreeting);
  }
  EXPECT_NO_THROW(ConnectionDoor(Local(port), 10));
}

TEST_F(ConnectionDoorTest, RefusesWhatItCannotListenAt) {
  const ConnectionDoor door(Local(), 10);
  ExpectError(ErrorCode::kInternal, "listen = " + Local(door.port()) + ": cannot be listened at; must be a free HOST:PORT of this machine", [&] { ConnectionDoor(Local(door.port()), 10); });
  ExpectError(ErrorCode::kInvalidArgument, "listen = nowhere: must be HOST:PORT", [] { ConnectionDoor("nowhere", 10); });
}

}  // namespace
}  // namespace tuckerseg
