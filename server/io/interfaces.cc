#include "server/io/interfaces.h"

#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace coaxd::io {

namespace {

// A device with a place on a bus, or a VLAN or bond, which people make of such. Asked of the driver: sysfs may show another network namespace.
bool is_card(int socket, const std::string& name) {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  ifreq request{};
  name.copy(request.ifr_name, sizeof request.ifr_name - 1);
  request.ifr_data = reinterpret_cast<char*>(&info);
  if (ioctl(socket, SIOCETHTOOL, &request) != 0) return false;
  const std::string_view driver{info.driver, strnlen(info.driver, sizeof info.driver)};
  // tun and bridge name themselves, or a word, where the bus address would stand.
  if (driver == "tun" || driver == "bridge" || driver == "veth") return false;
  return info.bus_info[0] != '\0' || driver == "bonding" || driver.starts_with("802.1Q");
}

std::uint16_t mtu_of(int socket, const std::string& name) {
  ifreq request{};
  name.copy(request.ifr_name, sizeof request.ifr_name - 1);
  if (ioctl(socket, SIOCGIFMTU, &request) != 0) return ScannedInterface{}.mtu;
  return static_cast<std::uint16_t>(std::clamp(request.ifr_mtu, 0, 65535));
}

}  // namespace

std::expected<std::vector<ScannedInterface>, int> scan_interfaces() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return std::unexpected(errno);
  std::vector<ScannedInterface> found;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    // A label such as eth0:1 is an address of eth0.
    const std::string name{entry->ifa_name, std::strcspn(entry->ifa_name, ":")};
    auto place = std::find_if(found.begin(), found.end(), [&](const auto& f) { return f.name == name; });
    if (place == found.end()) {
      place = found.insert(found.end(), ScannedInterface{});
      place->name = name;
      place->index = if_nametoindex(name.c_str());
      place->up = (entry->ifa_flags & IFF_UP) != 0;
      place->broadcast = (entry->ifa_flags & IFF_BROADCAST) != 0;
      place->loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0;
    }
    if (entry->ifa_addr == nullptr) continue;
    if (entry->ifa_addr->sa_family == AF_PACKET) {
      const auto* link = reinterpret_cast<const sockaddr_ll*>(entry->ifa_addr);
      if (link->sll_halen == 6) std::copy_n(link->sll_addr, 6, place->mac.begin());
    } else if (entry->ifa_addr->sa_family == AF_INET && entry->ifa_netmask != nullptr) {
      const auto* address = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr);
      const auto* mask = reinterpret_cast<const sockaddr_in*>(entry->ifa_netmask);
      place->addresses.push_back({{ntohl(address->sin_addr.s_addr)}, {ntohl(mask->sin_addr.s_addr)}});
    }
  }
  freeifaddrs(list);
  std::erase_if(found, [](const auto& f) { return f.index == 0; });  // gone between the two calls
  if (const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); socket >= 0) {
    for (ScannedInterface& one : found) {
      one.card = is_card(socket, one.name);
      one.mtu = mtu_of(socket, one.name);
    }
    close(socket);
  }
  return found;
}

const engine::Interface* InterfaceTable::intern(const ScannedInterface& scanned) {
  const Ipv4 address = scanned.addresses.empty() ? Ipv4{} : scanned.addresses.front().network;
  const auto known = std::ranges::find_if(interfaces_, [&](const engine::Interface& i) {
    return i.index == scanned.index && i.name == scanned.name && i.address == address && i.mac == scanned.mac &&
           i.card == scanned.card && i.mtu == scanned.mtu;
  });
  if (known != interfaces_.end()) return &*known;
  return &interfaces_.emplace_back(engine::Interface{scanned.index, names_.emplace_back(scanned.name), address, scanned.mac, scanned.card, scanned.mtu});
}

// A netlink event often tells nothing new, and what it tells was often so before: then the table of that time serves again.
void InterfaceTable::publish(const std::vector<ScannedInterface>& served) {
  Table table;
  for (const ScannedInterface& scanned : served) table.push_back(intern(scanned));
  std::ranges::sort(table, {}, &engine::Interface::index);
  auto kept = std::ranges::find(tables_, table);
  if (kept == tables_.end()) kept = tables_.insert(tables_.end(), std::move(table));
  current_.store(&*kept, std::memory_order_release);  // pairs with served()
}

const engine::Interface* InterfaceTable::find(std::uint32_t index) const noexcept {
  const Table& table = served();
  const auto place = std::ranges::lower_bound(table, index, {}, &engine::Interface::index);
  return place != table.end() && (*place)->index == index ? *place : nullptr;
}

const std::vector<const engine::Interface*>& InterfaceTable::served() const noexcept {
  return *current_.load(std::memory_order_acquire);  // pairs with publish()
}

int open_change_monitor() {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) return -1;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

void drain_change_monitor(int fd) {
  char buffer[8192];
  while (recv(fd, buffer, sizeof buffer, 0) > 0 || errno == ENOBUFS) {
    if (errno == ENOBUFS) errno = 0;
  }
}

}  // namespace coaxd::io
