#include "server/store/paced_vfs.h"

#include <sqlite3.h>

#include <type_traits>

#include "server/base/assert.h"
#include "server/store/sqlite.h"

namespace coaxd::store {
namespace {

// A tenth of a millisecond of a disk that takes two gigabytes a second.
constexpr int kPiece = 256 << 10;

// In front of the file of SQLite's own VFS, in memory that SQLite gave for both: at an address that is a multiple of eight, not of sixteen.
struct PacedFile {
  sqlite3_file base;  // what SQLite sees
  int unsynced;

  static PacedFile& of(sqlite3_file* file) noexcept { return *reinterpret_cast<PacedFile*>(file); }
  sqlite3_file* real() noexcept { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

static_assert(alignof(PacedFile) == 8 && sizeof(PacedFile) % 8 == 0, "the real file stands behind it");

sqlite3_vfs* usual = nullptr;

// One method of sqlite3_io_methods, passed on to the real file.
template <auto Method, typename Function>
struct Forward;
template <auto Method, typename Result, typename... Arguments>
struct Forward<Method, Result (*)(sqlite3_file*, Arguments...)> {
  static Result call(sqlite3_file* file, Arguments... arguments) {
    sqlite3_file* real = PacedFile::of(file).real();
    return (real->pMethods->*Method)(real, arguments...);
  }
};
template <auto Method>
constexpr auto forward = &Forward<Method, std::remove_cvref_t<decltype(sqlite3_io_methods{}.*Method)>>::call;

int sync(sqlite3_file* file, int flags) {
  PacedFile::of(file).unsynced = 0;
  return forward<&sqlite3_io_methods::xSync>(file, flags);
}

int write(sqlite3_file* file, const void* octets, int size, sqlite3_int64 offset) {
  const int code = forward<&sqlite3_io_methods::xWrite>(file, octets, size, offset);
  PacedFile& paced = PacedFile::of(file);
  if (code != SQLITE_OK || (paced.unsynced += size) < kPiece) return code;
  // Its error is this write's: the kernel tells it once, and SQLite's own sync would not hear it.
  return sync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

constexpr sqlite3_io_methods kMethods{
    .iVersion = 3,
    .xClose = forward<&sqlite3_io_methods::xClose>,
    .xRead = forward<&sqlite3_io_methods::xRead>,
    .xWrite = write,
    .xTruncate = forward<&sqlite3_io_methods::xTruncate>,
    .xSync = sync,
    .xFileSize = forward<&sqlite3_io_methods::xFileSize>,
    .xLock = forward<&sqlite3_io_methods::xLock>,
    .xUnlock = forward<&sqlite3_io_methods::xUnlock>,
    .xCheckReservedLock = forward<&sqlite3_io_methods::xCheckReservedLock>,
    .xFileControl = forward<&sqlite3_io_methods::xFileControl>,
    .xSectorSize = forward<&sqlite3_io_methods::xSectorSize>,
    .xDeviceCharacteristics = forward<&sqlite3_io_methods::xDeviceCharacteristics>,
    .xShmMap = forward<&sqlite3_io_methods::xShmMap>,
    .xShmLock = forward<&sqlite3_io_methods::xShmLock>,
    .xShmBarrier = forward<&sqlite3_io_methods::xShmBarrier>,
    .xShmUnmap = forward<&sqlite3_io_methods::xShmUnmap>,
    .xFetch = forward<&sqlite3_io_methods::xFetch>,
    .xUnfetch = forward<&sqlite3_io_methods::xUnfetch>,
};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  constexpr int kPaced = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL;
  if ((flags & kPaced) == 0) return usual->xOpen(usual, name, file, flags, flags_out);
  PacedFile& paced = PacedFile::of(file);
  paced.base.pMethods = nullptr;  // nothing to close, unless it opens
  paced.unsynced = 0;
  const int code = usual->xOpen(usual, name, paced.real(), flags, flags_out);
  if (paced.real()->pMethods == nullptr) return code;
  COAXD_ASSERT(paced.real()->pMethods->iVersion >= kMethods.iVersion);
  paced.base.pMethods = &kMethods;
  return code;
}

}  // namespace

const char* paced_vfs() noexcept {
  static sqlite3_vfs vfs = [] {
    configure_sqlite();  // looking for a VFS is a first use
    usual = sqlite3_vfs_find(nullptr);
    COAXD_ASSERT(usual != nullptr);
    sqlite3_vfs made = *usual;
    made.zName = "coaxd-paced";
    made.szOsFile = static_cast<int>(sizeof(PacedFile)) + usual->szOsFile;
    made.xOpen = open;
    return made;
  }();
  static const int registered = sqlite3_vfs_register(&vfs, 0);
  COAXD_ASSERT(registered == SQLITE_OK);
  return vfs.zName;
}

}  // namespace coaxd::store
