// paced_vfs.h: how SQLite writes beside journals that clients wait for. What a fold leaves to one sync, a hundred megabytes perhaps, goes to
// the disk in requests of megabytes, and a journal's kilobyte waits behind them for milliseconds. Through this VFS the log and the
// database are synced whenever so much was written, so there is never more than that before a journal's write.
// Registered for the process at first use; for the fold's connection. It asks no less of SQLite's own VFS than SQLite does.
#pragma once

namespace coaxd::store {

// Its name, for Database::open(). Any thread.
const char* paced_vfs() noexcept;

}  // namespace coaxd::store
