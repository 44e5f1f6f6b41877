#include "server/store/testing/sim_vfs.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "server/store/sqlite.h"

namespace coaxd::store {
namespace {

struct SimFile : sqlite3_file {
  SimVfs* vfs;
  SimDisk* disk;
  FileHandle handle;
  bool name_unsynced;
  std::string* path;
};

SimFile& of(sqlite3_file* file) { return *static_cast<SimFile*>(file); }

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

// The functions that SQLite calls. https://www.sqlite.org/c3ref/io_methods.html
struct SimVfsCalls {
  static SimVfs& vfs_of(sqlite3_vfs* v) { return *static_cast<SimVfs*>(v->pAppData); }
  static int error_of(int error, int otherwise) { return error == ENOSPC ? SQLITE_FULL : otherwise; }

  static int close(sqlite3_file* f) {
    of(f).disk->close(of(f).handle);
    delete of(f).path;
    return SQLITE_OK;
  }
  static int read(sqlite3_file* f, void* out, int n, sqlite3_int64 at) {
    const MutableBytes octets{static_cast<std::uint8_t*>(out), static_cast<std::size_t>(n)};
    const auto have = of(f).disk->read(of(f).handle, static_cast<std::uint64_t>(at), octets);
    if (!have) return SQLITE_IOERR_READ;
    if (*have == octets.size()) return SQLITE_OK;
    std::ranges::fill(octets.subspan(*have), std::uint8_t{0});
    return SQLITE_IOERR_SHORT_READ;
  }
  static int write(sqlite3_file* f, const void* data, int n, sqlite3_int64 at) {
    const Bytes octets{static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(n)};
    const auto done = of(f).disk->write(of(f).handle, static_cast<std::uint64_t>(at), octets);
    return done ? SQLITE_OK : error_of(done.error(), SQLITE_IOERR_WRITE);
  }
  static int truncate(sqlite3_file* f, sqlite3_int64 size) {
    return of(f).disk->truncate(of(f).handle, static_cast<std::uint64_t>(size)) ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
  }
  static int sync(sqlite3_file* f, int) {
    if (!of(f).disk->sync(of(f).handle)) return SQLITE_IOERR_FSYNC;
    if (!of(f).name_unsynced) return SQLITE_OK;
    if (!of(f).disk->sync_directory(directory_of(*of(f).path))) return SQLITE_IOERR_DIR_FSYNC;
    of(f).name_unsynced = false;
    return SQLITE_OK;
  }
  static int size(sqlite3_file* f, sqlite3_int64* out) {
    const auto size = of(f).disk->size(of(f).handle);
    if (!size) return SQLITE_IOERR_FSTAT;
    *out = static_cast<sqlite3_int64>(*size);
    return SQLITE_OK;
  }
  static int lock(sqlite3_file*, int) { return SQLITE_OK; }
  static int is_reserved(sqlite3_file*, int* out) {
    *out = 0;
    return SQLITE_OK;
  }
  static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return static_cast<int>(SimDisk::kSector); }
  static int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }  // as on unix
  static int shm_map(sqlite3_file* f, int region, int bytes, int extend, void volatile** out) {
    auto& regions = of(f).vfs->shared_[*of(f).path];
    *out = nullptr;
    while (static_cast<int>(regions.size()) <= region) {
      if (extend == 0) return SQLITE_OK;
      regions.push_back(std::make_unique<std::uint8_t[]>(static_cast<std::size_t>(bytes)));
    }
    *out = regions[static_cast<std::size_t>(region)].get();
    return SQLITE_OK;
  }
  static int shm_lock(sqlite3_file*, int, int, int) { return SQLITE_OK; }
  static void shm_barrier(sqlite3_file*) {}
  static int shm_unmap(sqlite3_file* f, int remove) {
    if (remove != 0) of(f).vfs->shared_.erase(*of(f).path);
    return SQLITE_OK;
  }

  static int open(sqlite3_vfs* v, const char* name, sqlite3_file* f, int flags, int* out_flags) {
    static constexpr sqlite3_io_methods kMethods = {
        2, close, read, write, truncate, sync, size, lock, lock, is_reserved, control, sector_size, characteristics,
        shm_map, shm_lock, shm_barrier, shm_unmap, nullptr, nullptr};
    SimVfs& vfs = vfs_of(v);
    f->pMethods = nullptr;
    if (name == nullptr) return SQLITE_CANTOPEN;
    const bool is_new = !vfs.disk_.exists(name);
    if (is_new && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    const auto handle = is_new ? vfs.disk_.create(name, 0) : vfs.disk_.open(name, true);
    if (!handle) return handle.error() == ENOSPC ? SQLITE_FULL : SQLITE_CANTOPEN;
    SimFile& file = *new (f) SimFile;
    file.pMethods = &kMethods;
    file.vfs = &vfs;
    file.disk = &vfs.disk_;
    file.handle = *handle;
    file.name_unsynced = is_new;
    file.path = new std::string(name);
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }
  static int remove(sqlite3_vfs* v, const char* name, int sync_directory) {
    SimDisk& disk = vfs_of(v).disk_;
    if (!disk.exists(name)) return SQLITE_IOERR_DELETE_NOENT;
    if (!disk.remove(name)) return SQLITE_IOERR_DELETE;
    return sync_directory == 0 || disk.sync_directory(directory_of(name)) ? SQLITE_OK : SQLITE_IOERR_DIR_FSYNC;
  }
  static int access(sqlite3_vfs* v, const char* name, int, int* out) {
    *out = vfs_of(v).disk_.exists(name) ? 1 : 0;
    return SQLITE_OK;
  }
  static int full_path(sqlite3_vfs*, const char* name, int n, char* out) {
    sqlite3_snprintf(n, out, "%s", name);
    return SQLITE_OK;
  }
};

SimVfs::SimVfs(SimDisk& disk) : disk_(disk), name_(fmt::format("sim-{}", static_cast<void*>(this))) {
  configure_sqlite();
  vfs_ = *sqlite3_vfs_find(nullptr);  // time, randomness, sleep
  vfs_.iVersion = 1;
  vfs_.szOsFile = sizeof(SimFile);
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = SimVfsCalls::open;
  vfs_.xDelete = SimVfsCalls::remove;
  vfs_.xAccess = SimVfsCalls::access;
  vfs_.xFullPathname = SimVfsCalls::full_path;
  sqlite3_vfs_register(&vfs_, 0);
}

SimVfs::~SimVfs() { sqlite3_vfs_unregister(&vfs_); }

}  // namespace coaxd::store
