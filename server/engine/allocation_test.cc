// The promise of the packet path: after construction nothing allocates, whatever is evaluated (a pattern made per packet
// excepted, evaluate.cc). A binary of its own, because it replaces malloc.
#include <gtest/gtest.h>

#include <memory>

#include "server/base/testing/allocation_count.h"
#include "server/engine/classify.h"
#include "server/engine/reply_options.h"
#include "server/engine/test_cable.h"
#include "server/engine/test_scene.h"

namespace coaxd::engine {
namespace {

// All that the evaluator does for one packet, as the engine does it.
std::size_t serve(Scene& scene, std::span<wire::ReplyOption> out) {
  scene.forget();
  ClassSet classes;
  classify(scene.context, classes);
  const config::Pool& pool = *scene.config->pools().front();
  const config::Subnet& subnet = *scene.config->subnets().front();
  execute_scope(*subnet.scope, nullptr, scene.context);
  execute_scope(*pool.scope, pool.network->scope, scene.context);
  execute_classes(classes, pool.scope, scene.context);
  if (scene.context.on_commit != nullptr) execute(scene.context.on_commit->body, scene.context);
  const std::uint8_t type[] = {5};
  scene.reply.set(wire::option::message_type, type);
  return select_reply_options({&scene.reply, &scene.context, &scene.request, true}, scene.arena, out);
}

TEST(PacketPath, AllocatesNothingOverThousandsOfPackets) {
  Scene scene(kCableConfig);
  scene.lease(Ipv4::of(10, 1, 1, 7));
  std::array<wire::ReplyOption, kMaxReplyOptions> out;
  std::vector<wire::TestPacket> packets;
  for (int i = 0; i < 16; ++i) packets.push_back(cable_request(i % 2 == 0 ? 1 : 3, static_cast<std::uint8_t>(i)));
  const std::size_t before = allocation_count();
  std::size_t options = 0, effects = 0;
  for (int i = 0; i < 5000; ++i) {
    const wire::TestPacket& packet = packets[static_cast<std::size_t>(i) % packets.size()];
    ASSERT_TRUE(scene.request.parse(packet));
    scene.context.request = &scene.request;
    options += serve(scene, out);
    effects += scene.context.effect_count;
    ASSERT_FALSE(scene.arena.exhausted());
  }
  EXPECT_EQ(allocation_count() - before, 0u);
  // It did what it is counted for.
  EXPECT_GE(options, 5000u * 9);
  EXPECT_EQ(effects, 2500u * 2 + 2500u);
  EXPECT_EQ(scene.context.effects_lost, 0);
  EXPECT_EQ(scene.context.refused, 0);
}

// Even the first packet: there is no warm-up that a benchmark would hide.
TEST(PacketPath, FirstPacketAllocatesNothingEither) {
  Scene scene(kCableConfig);
  scene.lease(Ipv4::of(10, 1, 1, 7)).receive(cable_request(3, 5));
  std::array<wire::ReplyOption, kMaxReplyOptions> out;
  const std::size_t before = allocation_count();
  EXPECT_GE(serve(scene, out), 10u);
  EXPECT_EQ(allocation_count() - before, 0u);
}

TEST(PacketPath, TheCounterCounts) {
  const std::size_t before = allocation_count();
  const auto made = std::make_unique<int>(1);
  EXPECT_EQ(allocation_count() - before, 1u);
}

}  // namespace
}  // namespace coaxd::engine
