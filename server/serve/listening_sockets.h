/// Sockets that listen at every address of a name.
#pragma once

#include <netdb.h>

#include <vector>

#include "server/address.h"

namespace tuckerseg {

/// Listens at each address of HOST that this machine has; others are passed over, those of IPv6 where there is none say. Port 0: one that is free at all
/// of them. Nothing, and no socket is left, if any of them has another listener: a server at the rest would share its name with that one, and each client
/// would find either. Nothing, too, if one of them must not be listened at, or cannot for want of descriptors, or where the host has no address here. The sockets do not block; the caller closes them.
std::vector<int> ListenAt(const Address& address);

/// The same for addresses as getaddrinfo() gives them. Their ports are changed.
std::vector<int> ListenAtEach(addrinfo* addresses, int port);

/// That a socket is bound to; 0: it is to none.
int PortOf(int socket);

}  // namespace tuckerseg
