#!/usr/bin/python3
"""Which mistakes in the lock-free code the model tests find.

Each row of MUTATIONS is one mistake: a file, a text in it, and what stands there instead. The tree is copied to a scratch folder and
built there once as it is (the tests must be green), then once for each mistake (they must be red).

    tests/model/mutations.py               all of them; prints the table of tests/model/mutations.md
    tests/model/mutations.py WORD...       those whose name contains one of the words
    tests/model/mutations.py --check       only that every text still stands in its file exactly once

Exit status 0: every mistake was found.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEASE = "server/lease/"

# name, file (of server/lease, unless it says), (text, instead)...
MUTATIONS = [
    ("an item is pushed without release", "server/base/spsc_queue.h",
     ("+ 1, std::memory_order_release);  // pairs with front()", "+ 1, std::memory_order_relaxed);")),
    ("a place is given back without release", "server/base/spsc_queue.h",
     ("+ 1, std::memory_order_release);  // pairs with reserve()", "+ 1, std::memory_order_relaxed);")),
    ("settle without its second round", "min_tree.cc",
     ("if (parent.compare_exchange_strong(promised, held)) changed = true;",
      "return parent.compare_exchange_strong(promised, held);")),
    ("a reader mends a node, but not those above", "min_tree.cc",
     ("if (settle(level - 1, best.child)) climb(level, best.child);", "settle(level - 1, best.child);")),
    ("a key is stored with release only", "min_tree.cc",
     ("levels_[0][leaf].store(~key);", "levels_[0][leaf].store(~key, std::memory_order_release);")),
    ("children are read with acquire only", "min_tree.cc",
     ("const std::uint32_t entry = children[i].load();",
      "const std::uint32_t entry = children[i].load(std::memory_order_acquire);")),
    ("the slab's head has no tag (ABA)", "slab.h", ("((head >> 32) + 1) << 32", "(head >> 32) << 32")),
    ("a node is taken without acquire", "slab.h",
     ("std::uint64_t head = free_.load(std::memory_order_acquire);",
      "std::uint64_t head = free_.load(std::memory_order_relaxed);"),
     ("std::memory_order_acq_rel, std::memory_order_acquire))", "std::memory_order_release, std::memory_order_relaxed))")),
    ("a node is given back without release", "slab.h",
     ("std::memory_order_acq_rel,\n                                          std::memory_order_relaxed)",
      "std::memory_order_relaxed,\n                                          std::memory_order_relaxed)")),
    ("a limit's list has no tag (ABA)", "lease_limits.cc", ("((old.head >> 32) + 1) << 32", "(old.head >> 32) << 32")),
    ("a limit's list is copied without a second look", "lease_limits.cc",
     ("return head.load(std::memory_order_relaxed) == out.head;", "return true;")),
    ("an index entry is stored, not exchanged", "client_index.cc",
     ("if (best->compare_exchange_strong(empty, entry, std::memory_order_seq_cst, std::memory_order_relaxed)) return true;",
      "if (best->load(std::memory_order_relaxed) == empty) {\n"
      "      best->store(entry, std::memory_order_relaxed);\n      return true;\n    }")),
    ("what is PENDING is taken all the same", "lease_table.cc", ("if (expected.pending()) return false;", "")),
    ("an offer is in the index after its word", "lease_table.cc",
     ("  impl_->add_client(client, id);\n", ""),
     ("  impl_->give(id, expected, make_word(SlotState::offered, expected.generation() + 1, until));\n",
      "  impl_->give(id, expected, make_word(SlotState::offered, expected.generation() + 1, until));\n"
      "  impl_->add_client(client, id);\n")),
    ("a change of hands that the expiry order never hears of", "lease_table.cc",
     ("  if (!renewed || unlisted.test(id)) settle_expiry(id);\n", "  (void)renewed;\n")),
    ("a lease that was shortened ends when it would have", "lease_table.cc", (" && after.expiry() >= was.expiry();", ";")),
    ("a leaf taken out while PENDING is not put back", "lease_table.cc", ("if (!renewed || unlisted.test(id))", "if (!renewed)")),
    ("a leaf is taken out while PENDING, and said so afterwards", "lease_table.cc",
     ("    if (word.pending()) unlisted.set(id);  // his owner must put the leaf back, whatever comes of it\n"
      "    if (expiry->get(id) != key) expiry->set(id, key);\n    const SlotWord again = slot(id).load();\n",
      "    if (expiry->get(id) != key) expiry->set(id, key);\n    const SlotWord again = slot(id).load();\n"
      "    if (word.pending()) unlisted.set(id);\n")),
    ("who brings a key looks first whether another slot has it", "lease_table.cc",
     ("  index.insert(key, id);\n  ClientIndex::Found found;\n  for (std::size_t i = index.find(key, found); i > 0; --i) {\n"
      "    if (found[i - 1] == id) continue;\n    namesakes.set(id);\n    namesakes.set(found[i - 1]);\n  }\n",
      "  ClientIndex::Found found;\n  for (std::size_t i = index.find(key, found); i > 0; --i) {\n"
      "    if (found[i - 1] == id) continue;\n    namesakes.set(id);\n    namesakes.set(found[i - 1]);\n  }\n  index.insert(key, id);\n")),
    ("an address that becomes free or stops being so is not told to its pool's order", "lease_table.cc",
     ("if (may_be_candidate(before) || may_be_candidate(after.state()))", "if (may_be_candidate(before) && may_be_candidate(after.state()))")),
    ("a pool's order is settled without a second look", "lease_table.cc",
     ("if (order.get(place.leaf) != key) order.set(place.leaf, key);",
      "if (order.get(place.leaf) != key) order.set(place.leaf, key);\n    return;")),
    ("the mark of a failed commit comes after its word", "lease_table.cc",
     ("  if (claim.before.state() == SlotState::active) impl_->slot(claim.slot).set_offer(kInDoubt);\n", ""),
     ("make_word(claim.before.state(), claim.generation + 1, claim.before.expiry()));\n",
      "make_word(claim.before.state(), claim.generation + 1, claim.before.expiry()));\n"
      "  if (claim.before.state() == SlotState::active) impl_->slot(claim.slot).set_offer(kInDoubt);\n")),
    ("next_due() gives a later word than it judged", "lease_table.cc",
     ("return Due{id, word};", "return Due{id, this->word(id)};")),
    ("an offer ends before its lease is being written", "lease_table.cc",
     ("  slot.write(binding, impl_->overflow);\n  impl_->give(claim.slot",
      "  slot.set_offer(0);\n  slot.write(binding, impl_->overflow);\n  impl_->give(claim.slot")),
    ("an offer's client is read after the word's second look", "slot.cc",
     ("if (word_.load(std::memory_order_relaxed) == before) return {before ^ kVirgin};",
      "if (word_.load(std::memory_order_relaxed) == before) {\n      out.offer_ = offer();\n"
      "      return {before ^ kVirgin};\n    }")),
    ("an offer's client is read apart from its word", "lease_table.cc",
     ("*offered_to = payload.offer();", "*offered_to = impl_->slot(slot).offer();")),
    ("new keys are in the index after the word", "lease_table.cc",
     ("    if (!same_client || may_be_missing) impl_->write_keys(claim.slot, impl_->keys_of(old), keys);\n", ""),
     ("\n}\n\nvoid LeaseTable::rollback",
      "\n  Impl::Keys keys;\n"
      "  if (binding.has(Item::client_id)) keys.client_id = impl_->hash_client_id(binding.get(Item::client_id));\n"
      "  if (binding.hlen > 0) keys.hardware = impl_->hash_hardware(binding.htype, binding.hardware());\n"
      "  if (!same_client) impl_->write_keys(claim.slot, impl_->keys_of(old), keys);"
      "\n}\n\nvoid LeaseTable::rollback")),
    ("a binding is written without kWriting", "slot.cc",
     ("word_.load(std::memory_order_relaxed) | kWriting", "word_.load(std::memory_order_relaxed)")),
    ("a binding is read without a second look", "slot.cc",
     ("if (word_.load(std::memory_order_relaxed) == before) return", "return")),
    ("payload words are stored relaxed", "slot.cc",
     ("fixed_[1].store(pair(binding.starts, binding.ends), std::memory_order_release);",
      "fixed_[1].store(pair(binding.starts, binding.ends), std::memory_order_relaxed);")),
    ("payload words are read relaxed", "slot.cc",
     ("for (int i = 0; i < 3; ++i) out.fixed_[i] = fixed_[i].load(std::memory_order_acquire);",
      "for (int i = 0; i < 3; ++i) out.fixed_[i] = fixed_[i].load(std::memory_order_relaxed);")),
    ("a chunk's words are stored relaxed", "slot.cc",
     ("chunk[i].store(words[at], std::memory_order_release);", "chunk[i].store(words[at], std::memory_order_relaxed);")),
    ("a new word is published with release only", "slot.h",
     ("void publish(SlotWord word) noexcept { word_.store(word.raw ^ kVirgin); }",
      "void publish(SlotWord word) noexcept { word_.store(word.raw ^ kVirgin, std::memory_order_release); }"),
     ("SlotWord load() const noexcept { return {word_.load() ^ kVirgin}; }",
      "SlotWord load() const noexcept { return {word_.load(std::memory_order_acquire) ^ kVirgin}; }")),
]


def path_of(root, file):
    return root / (file if "/" in file else LEASE + file)


def replaced(text, changes, name):
    for old, new in changes:
        if text.count(old) != 1:
            sys.exit(f"mutations.py: {name!r}: its text stands in the file {text.count(old)} times:\n{old}")
        text = text.replace(old, new)
    return text


def test(build, jobs):
    """(seconds, failed tests); no test failed but the program did: its last line."""
    built = subprocess.run(["cmake", "--build", build, "--target", "model_test", "-j", str(jobs)], capture_output=True, text=True)
    if built.returncode != 0:
        sys.exit("mutations.py: does not compile\n" + built.stdout[-3000:])
    begin = time.monotonic()
    try:
        run = subprocess.run([build / "bin/model_test", "--gtest_fail_fast"], capture_output=True, text=True, timeout=900)
        output, status = run.stdout, run.returncode
    except subprocess.TimeoutExpired:
        output, status = "", -1
    failed = re.findall(r"^\[  FAILED  \] (\w+\.\w+)(?: \(|$)", output, re.MULTILINE)
    if status != 0 and not failed:
        failed = re.findall(r"^\[ RUN      \] (\w+\.\w+)", output, re.MULTILINE)[-1:] or ["(died)"]
    return time.monotonic() - begin, sorted(set(failed))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("-j", type=int, default=2)
    args = parser.parse_args()

    chosen = [m for m in MUTATIONS if not args.words or any(word in m[0] for word in args.words)]
    for name, file, *changes in chosen:
        replaced(path_of(ROOT, file).read_text(), changes, name)
    if args.check:
        return 0

    with tempfile.TemporaryDirectory(prefix="coaxd-mutations-") as scratch:
        tree, build = pathlib.Path(scratch, "tree"), pathlib.Path(scratch, "build")
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("build*", ".git"))
        subprocess.run(["cmake", "-S", tree, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                        "-DCMAKE_CXX_FLAGS_DEBUG=-O1"], check=True, capture_output=True)
        seconds, failed = test(build, args.j)
        if failed:
            sys.exit(f"mutations.py: the tests fail before anything was changed: {failed}")
        print("| Mistake | File | Found by |\n| --- | --- | --- |")
        print(f"| none | | nothing, in {seconds:.0f} s |", flush=True)
        missed = 0
        for name, file, *changes in chosen:
            path = path_of(tree, file)
            text = path.read_text()
            path.write_text(replaced(text, changes, name))
            seconds, failed = test(build, args.j)
            path.write_text(text)
            missed += not failed
            print(f"| {name} | `{file}` | {'`' + failed[0] + '`' if failed else '**nothing**'} |", flush=True)
        print(f"\n{len(chosen) - missed} of {len(chosen)} found.")
        return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
