// What one packet costs in the evaluator: classes, scopes, the options of the reply, over a configuration such as cable ISPs run.
#include <benchmark/benchmark.h>


#include "bench/allocations.h"
#include "bench/check.h"
#include "server/engine/classify.h"
#include "server/engine/reply_options.h"
#include "server/engine/test_cable.h"
#include "server/engine/test_scene.h"

namespace coaxd::engine {
namespace {

using bench::AllocationCount;
using bench::check;

struct Cable : Scene {
  Cable() : Scene(kCableConfig) {
    lease(Ipv4::of(10, 1, 1, 7));
    receive(cable_request(3, 5));
    classify(context, classes);
    check(classes.size() == 4, "the modem is not in its four classes");
  }
  void run_scopes() {
    const config::Pool& pool = *config->pools().front();
    execute_scope(*config->subnets().front()->scope, nullptr, context);
    execute_scope(*pool.scope, pool.network->scope, context);
    execute_classes(classes, pool.scope, context);
  }
  std::size_t select() {
    return select_reply_options({&reply, &context, &request, true}, arena, out);
  }
  ClassSet classes;
  std::array<wire::ReplyOption, kMaxReplyOptions> out;
};

void classify_ns_per_packet(benchmark::State& state) {
  Cable cable;
  AllocationCount count{state};
  for (auto _ : state) {
    cable.arena.reset();
    classify(cable.context, cable.classes);
    benchmark::DoNotOptimize(cable.classes);
  }
}
BENCHMARK(classify_ns_per_packet);

// Seven classes without, say, a thousand subclasses more: those cost one hash lookup whatever their number.
void evaluate_match_if_ns_per_expression(benchmark::State& state) {
  Cable cable;
  const config::Expr& expr = *cable.config->class_by_name("docsis")->match_if;
  check(evaluate_boolean(expr, cable.context) == Tri::yes, "the modem is no docsis modem");
  AllocationCount count{state};
  for (auto _ : state) {
    cable.arena.reset();
    benchmark::DoNotOptimize(evaluate_boolean(expr, cable.context));
  }
}
BENCHMARK(evaluate_match_if_ns_per_expression);

void execute_scopes_ns_per_packet(benchmark::State& state) {
  Cable cable;
  AllocationCount count{state};
  for (auto _ : state) {
    cable.forget();
    cable.run_scopes();
    benchmark::DoNotOptimize(cable.reply);
  }
  check(cable.reply.get(config::Parameter::filename).has_value(), "no file name was set");
}
BENCHMARK(execute_scopes_ns_per_packet);

void on_commit_ns_per_packet(benchmark::State& state) {
  Cable cable;
  cable.run_scopes();
  check(cable.context.on_commit != nullptr, "nothing is attached");
  AllocationCount count{state};
  for (auto _ : state) {
    cable.arena.reset();
    cable.context.effect_count = 0;
    execute(cable.context.on_commit->body, cable.context);
  }
  check(cable.context.effect_count == 1, "the program was not asked for");
}
BENCHMARK(on_commit_ns_per_packet);

void select_reply_options_ns_per_packet(benchmark::State& state) {
  Cable cable;
  cable.run_scopes();
  check(cable.select() == 9, "not the nine options that were asked for and are set");
  const std::size_t used = cable.arena.used();
  AllocationCount count{state};
  for (auto _ : state) {
    benchmark::DoNotOptimize(cable.select());
    cable.arena.shrink_last(MutableBytes{cable.scratch}.first(cable.arena.used() - used), 0);
  }
}
BENCHMARK(select_reply_options_ns_per_packet);

void all_of_it_ns_per_packet(benchmark::State& state) {
  Cable cable;
  AllocationCount count{state};
  for (auto _ : state) {
    cable.forget();
    classify(cable.context, cable.classes);
    cable.run_scopes();
    benchmark::DoNotOptimize(cable.select());
  }
}
BENCHMARK(all_of_it_ns_per_packet);

}  // namespace
}  // namespace coaxd::engine
