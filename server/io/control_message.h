// control_message.h: a received message's ancillary data (cmsg(3)). Any thread.
#pragma once

#include <sys/socket.h>

namespace coaxd::io {

// Null: there is none of this type, or it is shorter than a T.
template <typename T>
const T* find_control(msghdr& control, int level, int type) noexcept {
  for (cmsghdr* c = CMSG_FIRSTHDR(&control); c != nullptr; c = CMSG_NXTHDR(&control, c))
    if (c->cmsg_level == level && c->cmsg_type == type && c->cmsg_len >= CMSG_LEN(sizeof(T)))
      return reinterpret_cast<const T*>(CMSG_DATA(c));
  return nullptr;
}

}  // namespace coaxd::io
