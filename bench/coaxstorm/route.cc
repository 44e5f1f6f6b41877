#include "bench/coaxstorm/route.h"

#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

namespace coaxd::storm {
namespace {

struct Socket {
  Socket(int family, int type, int protocol) noexcept : fd(socket(family, type | SOCK_CLOEXEC, protocol)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd >= 0) close(fd);
  }
  int fd;
};

// RTM_GETROUTE, rtnetlink(7). 0: no route.
unsigned interface_towards(Ipv4 to) noexcept {
  struct {
    nlmsghdr header;
    rtmsg route;
    rtattr attribute;
    in_addr_t address;
  } query{};
  query.header = {.nlmsg_len = sizeof query, .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = 1, .nlmsg_pid = 0};
  query.route.rtm_family = AF_INET;
  query.route.rtm_dst_len = 32;
  query.attribute = {.rta_len = RTA_LENGTH(sizeof query.address), .rta_type = RTA_DST};
  query.address = htonl(to.value);
  const Socket netlink{AF_NETLINK, SOCK_RAW, NETLINK_ROUTE};
  alignas(nlmsghdr) char answer[4096];
  if (send(netlink.fd, &query, sizeof query, 0) != static_cast<ssize_t>(sizeof query)) return 0;
  const ssize_t size = recv(netlink.fd, answer, sizeof answer, 0);
  const auto* header = reinterpret_cast<const nlmsghdr*>(answer);
  if (size <= 0 || !NLMSG_OK(header, static_cast<unsigned>(size)) || header->nlmsg_type != RTM_NEWROUTE) return 0;
  const auto* route = static_cast<const rtmsg*>(NLMSG_DATA(header));
  auto left = static_cast<int>(RTM_PAYLOAD(header));
  for (const rtattr* one = RTM_RTA(route); RTA_OK(one, left); one = RTA_NEXT(one, left)) {
    if (one->rta_type != RTA_OIF) continue;
    int index = 0;
    std::memcpy(&index, RTA_DATA(one), sizeof index);
    return static_cast<unsigned>(index);
  }
  return 0;
}

// A device with a place on a bus, or a VLAN or bond, which people make of such. Asked of the driver: sysfs may show another
// network namespace.
bool is_card(unsigned index) noexcept {
  const Socket any{AF_INET, SOCK_DGRAM, 0};
  ifreq request{};
  if (if_indextoname(index, request.ifr_name) == nullptr) return false;
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  request.ifr_data = reinterpret_cast<char*>(&info);
  if (ioctl(any.fd, SIOCETHTOOL, &request) != 0) return false;
  const std::string_view driver{info.driver, strnlen(info.driver, sizeof info.driver)};
  // tun and bridge write a word where the bus address would stand.
  if (driver == "tun" || driver == "bridge" || driver == "veth") return false;
  return info.bus_info[0] != '\0' || driver == "bonding" || driver.starts_with("802.1Q");
}

}  // namespace

bool leaves_by_card(Ipv4 to) noexcept {
  const unsigned index = interface_towards(to);
  return index != 0 && is_card(index);
}

}  // namespace coaxd::storm
