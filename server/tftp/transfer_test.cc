#include "server/tftp/transfer.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "server/tftp/transfer_table.h"

namespace coaxd::tftp {
namespace {

using Verdict = Transfer::Verdict;

// Octets that nobody reads.
class Sized final : public Contents {
 public:
  using Contents::Contents;
  bool read(std::uint64_t, MutableBytes) const noexcept override { return true; }
};

Options options(std::initializer_list<std::pair<Option, std::uint64_t>> values) {
  Options made;
  for (const auto& [option, value] : values) made.set(option, value);
  return made;
}
Transfer transfer_of(std::uint64_t size, const Options& agreed = {}) {
  Transfer transfer;
  transfer.contents = std::make_shared<Sized>(size);
  transfer.begin(agreed);
  return transfer;
}
void send_window(Transfer& transfer) {
  while (transfer.next <= transfer.window_end()) transfer.sent(transfer.next);
}

TEST(Rfc2347_Negotiation, NothingIsAgreedThatWasNotAsked) {
  EXPECT_TRUE(agree({}, {}, 1000).empty());
  const Options agreed = agree(options({{Option::tsize, 0}}), {}, 1000);
  EXPECT_EQ(agreed.get(Option::tsize), 1000u);
  EXPECT_FALSE(agreed.has(Option::blksize) || agreed.has(Option::timeout) || agreed.has(Option::windowsize));
}

TEST(Rfc2348_Negotiation, BlksizeIsWhatWasAskedOrLess) {
  const Limits limits{.largest_block = 1468};
  EXPECT_EQ(agree(options({{Option::blksize, 8}}), limits, 0).get(Option::blksize), 8u);
  EXPECT_EQ(agree(options({{Option::blksize, 1448}}), limits, 0).get(Option::blksize), 1448u);
  EXPECT_EQ(agree(options({{Option::blksize, 65464}}), limits, 0).get(Option::blksize), 1468u);
}

TEST(Rfc2349_Negotiation, TimeoutIsEchoed) { EXPECT_EQ(agree(options({{Option::timeout, 200}}), {}, 0).get(Option::timeout), 200u); }

TEST(Rfc2349_Negotiation, TsizeIsTheRealSizeWhateverWasSent) {
  EXPECT_EQ(agree(options({{Option::tsize, 77}}), {}, 5'000'000'000).get(Option::tsize), 5'000'000'000u);
}

TEST(Rfc7440_3_Negotiation, WindowsizeIsWhatWasAskedOrLess) {
  EXPECT_EQ(agree(options({{Option::windowsize, 4}}), {.largest_window = 16}, 0).get(Option::windowsize), 4u);
  EXPECT_EQ(agree(options({{Option::windowsize, 65535}}), {.largest_window = 16}, 0).get(Option::windowsize), 16u);
}

// "If a data packet is less than 512 bytes [...] it signals termination": so an exact multiple ends with an empty one.
TEST(Rfc1350_6_Termination, TheLastBlockIsShorter) {
  struct Row {
    std::uint64_t size, blocks;
    std::size_t last;
  };
  for (const Row& row : {Row{0, 1, 0}, Row{1, 1, 1}, Row{511, 1, 511}, Row{512, 2, 0}, Row{513, 2, 1}, Row{1024, 3, 0}, Row{2048, 5, 0}, Row{2049, 5, 1}}) {
    const Transfer transfer = transfer_of(row.size);
    EXPECT_EQ(transfer.blocks, row.blocks) << row.size;
    EXPECT_EQ(transfer.size_of(transfer.blocks), row.last) << row.size;
    for (std::uint64_t block = 1; block < transfer.blocks; ++block) EXPECT_EQ(transfer.size_of(block), 512u);
  }
}

TEST(Rfc1350_2_LockStep, OneBlockAtATime) {
  Transfer transfer = transfer_of(1000);
  EXPECT_EQ(transfer.state, Transfer::State::sending);
  send_window(transfer);
  EXPECT_EQ(transfer.highest, 1u);
  EXPECT_EQ(transfer.acknowledge(1), Verdict::moved);
  send_window(transfer);
  EXPECT_EQ(transfer.highest, 2u);
  EXPECT_EQ(transfer.acknowledge(2), Verdict::complete);
}

TEST(Rfc1123_4_2_3_1_Acks, ADuplicateMovesNothing) {
  Transfer transfer = transfer_of(5000);
  send_window(transfer);
  EXPECT_EQ(transfer.acknowledge(0), Verdict::duplicate);
  EXPECT_EQ(transfer.acknowledge(1), Verdict::moved);
  send_window(transfer);
  EXPECT_EQ(transfer.acknowledge(1), Verdict::duplicate);
  EXPECT_EQ(transfer.acknowledge(0), Verdict::old);
  EXPECT_EQ(transfer.next, 3u);
}

TEST(Rfc1350_2_Acks, OfBlocksThatWereNotSentMoveNothing) {
  Transfer transfer = transfer_of(5000);
  send_window(transfer);
  EXPECT_EQ(transfer.acknowledge(2), Verdict::unsent);
  EXPECT_EQ(transfer.acknowledge(0x7fff), Verdict::unsent);
  EXPECT_EQ(transfer.acknowledge(0x8000), Verdict::old);
  EXPECT_EQ(transfer.acknowledge(0xffff), Verdict::old);
  EXPECT_EQ(transfer.acknowledged, 0u);
}

TEST(Rfc2347_Oack, WaitsForAckOfBlockZero) {
  Transfer transfer = transfer_of(600, options({{Option::blksize, 256}}));
  EXPECT_EQ(transfer.state, Transfer::State::offering);
  EXPECT_EQ(transfer.acknowledge(1), Verdict::unsent);
  EXPECT_EQ(transfer.acknowledge(0), Verdict::moved);
  EXPECT_EQ(transfer.state, Transfer::State::sending);
  EXPECT_EQ(transfer.acknowledge(0), Verdict::duplicate);
}

// 70,000 blocks and more: numbers go 65535, 0, 1.
TEST(Rfc1350_5_BlockNumbers, RollOverToZero) {
  Transfer transfer = transfer_of(70'000 * 512);
  for (std::uint64_t block = 1; block <= 70'000; ++block) {
    send_window(transfer);
    ASSERT_EQ(transfer.highest, block);
    ASSERT_EQ(transfer.acknowledge(static_cast<std::uint16_t>(block)), Verdict::moved);
  }
  send_window(transfer);
  EXPECT_EQ(transfer.acknowledge(static_cast<std::uint16_t>(70'000)), Verdict::duplicate);
  EXPECT_EQ(transfer.acknowledge(static_cast<std::uint16_t>(70'001)), Verdict::complete);
}

TEST(Rfc7440_4_Window, TheNextBeginsBehindWhatIsAcknowledged) {
  Transfer transfer = transfer_of(100 * 512, options({{Option::windowsize, 8}}));
  transfer.acknowledge(0);
  send_window(transfer);
  EXPECT_EQ(transfer.highest, 8u);
  EXPECT_EQ(transfer.acknowledge(8), Verdict::moved);
  send_window(transfer);
  EXPECT_EQ(transfer.highest, 16u);
  // A gap behind block 10: go back to 11.
  EXPECT_EQ(transfer.acknowledge(10), Verdict::moved);
  EXPECT_EQ(transfer.next, 11u);
  send_window(transfer);
  EXPECT_EQ(transfer.highest, 18u);
  EXPECT_EQ(transfer.acknowledge(8), Verdict::old);
}

TEST(Rfc7440_4_Window, EndsWithTheFile) {
  Transfer transfer = transfer_of(3 * 512 + 1, options({{Option::windowsize, 64}}));
  transfer.acknowledge(0);
  send_window(transfer);
  EXPECT_EQ(transfer.highest, 4u);
  EXPECT_EQ(transfer.acknowledge(4), Verdict::complete);
}

// The network's own duplicate of a request must not throw a client back that is far ahead.
TEST(Rfc1350_4_RepeatedRequest, AnAckFromFurtherOnTellsWhereTheClientIs) {
  Transfer transfer = transfer_of(100 * 512);
  for (std::uint16_t block = 1; block <= 9; ++block) {
    send_window(transfer);
    transfer.acknowledge(block);
  }
  send_window(transfer);
  transfer.begin_again({});
  EXPECT_EQ(transfer.next, 1u);
  EXPECT_EQ(transfer.acknowledge(10), Verdict::moved);
  EXPECT_EQ(transfer.next, 11u);
  EXPECT_EQ(transfer.acknowledge(12), Verdict::unsent);
}

// Where 16 bits could name two blocks, only what has been sent since counts.
TEST(Rfc1350_4_RepeatedRequest, NoOldAckIsTakenForAnotherBlock) {
  Transfer transfer = transfer_of(100'000 * 512);
  for (std::uint64_t block = 1; block <= 70'000; ++block) {
    send_window(transfer);
    ASSERT_EQ(transfer.acknowledge(static_cast<std::uint16_t>(block)), Verdict::moved);
  }
  transfer.begin_again({});
  send_window(transfer);
  EXPECT_NE(transfer.acknowledge(static_cast<std::uint16_t>(70'000)), Verdict::moved);
  EXPECT_EQ(transfer.acknowledged, 0u);
}

// --- the table ---

Endpoint endpoint(std::uint32_t address, std::uint16_t port) { return {Ipv4{address}, port}; }

TEST(TransferTable, AgreesWithAModel) {
  std::mt19937 random(3);
  constexpr std::size_t kMost = 64;
  TransferTable table(kMost, {1, 2}, 0);
  std::map<Endpoint, Ticket> open, over;
  for (int step = 0; step < 50'000; ++step) {
    const Endpoint client = endpoint(static_cast<std::uint32_t>(0x0a000000 + random() % 40), static_cast<std::uint16_t>(1000 + random() % 4));
    Transfer* found = table.find(client);
    ASSERT_EQ(found != nullptr, open.contains(client) || over.contains(client));
    if (found == nullptr) {
      Transfer* added = table.add(client);
      ASSERT_EQ(added == nullptr, open.size() == kMost);
      if (added == nullptr) continue;
      ASSERT_EQ(added->client, client);
      open[client] = table.ticket(*added);
      std::erase_if(over, [&](const auto& each) { return table.find(each.first) == nullptr; });  // made room
    } else if (found->state == Transfer::State::over) {
      ASSERT_EQ(table.find(table.ticket(*found)), nullptr);
      table.remove(*found);
      over.erase(client);
    } else if (random() % 2 == 0) {
      ASSERT_EQ(table.find(open.at(client)), found);
      table.retire(*found, step);
      over[client] = open.at(client);
      open.erase(client);
    } else {
      table.remove(*found);
      ASSERT_EQ(table.find(open.at(client)), nullptr);
      open.erase(client);
    }
    if (step % 97 == 0) {
      table.forget_over(step - 50);
      std::erase_if(over, [&](const auto& each) { return table.find(each.first) == nullptr; });
    }
    ASSERT_EQ(table.open(), open.size());
    ASSERT_EQ(table.known(), open.size() + over.size());
    for (std::uint32_t last = 0; last < 40; ++last) {
      const auto count = std::ranges::count_if(open, [&](const auto& each) { return each.first.address.value == 0x0a000000 + last; });
      ASSERT_EQ(table.open_from(Ipv4{0x0a000000 + last}), static_cast<std::uint32_t>(count));
    }
  }
}

TEST(TransferTable, TheOldestThatIsOverMakesRoom) {
  TransferTable table(3, {}, 0);
  for (std::uint16_t port = 1; port <= 3; ++port) table.add(endpoint(1, port));
  EXPECT_EQ(table.add(endpoint(1, 4)), nullptr);
  table.retire(*table.find(endpoint(1, 2)), 10);
  table.retire(*table.find(endpoint(1, 1)), 20);
  ASSERT_NE(table.add(endpoint(1, 5)), nullptr);
  EXPECT_EQ(table.find(endpoint(1, 2)), nullptr);
  EXPECT_NE(table.find(endpoint(1, 1)), nullptr);
}

TEST(TransferTable, ATicketIsNeverUsedAgain) {
  TransferTable table(1, {}, 0);
  const Ticket first = table.ticket(*table.add(endpoint(1, 1)));
  table.remove(*table.find(endpoint(1, 1)));
  EXPECT_EQ(table.find(first), nullptr);
  const Ticket second = table.ticket(*table.add(endpoint(1, 1)));
  EXPECT_NE(first, second);
  EXPECT_EQ(table.find(first), nullptr);
  EXPECT_NE(table.find(second), nullptr);
  EXPECT_EQ(table.find(Ticket{77}), nullptr);
}

TEST(TransferTable, RemembersTheLongestName) {
  TransferTable table(2, {}, 0);
  Transfer& transfer = *table.add(endpoint(1, 1));
  const std::string name(kMaxName, 'n');
  table.set_request(transfer, name, options({{Option::blksize, 9}}));
  EXPECT_EQ(table.name(transfer), name);
  EXPECT_EQ(table.asked(transfer).get(Option::blksize), 9u);
}

}  // namespace
}  // namespace coaxd::tftp
