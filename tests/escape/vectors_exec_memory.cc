// Code that is not executed but mapped, or made in memory.
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

constexpr std::size_t kPage = 4096;
constexpr unsigned char kReturn = 0xc3;

int code_in_work(const Place& place) {
    make_file(place.in_work("code"), std::string(kPage, static_cast<char>(kReturn)), 0644);
    return give_to_user(place.in_work("code"));
}

// Runs the `ret` that the page begins with.
int call(void* page) {
    if (page == MAP_FAILED) return errno;
    reinterpret_cast<void (*)()>(page)();
    return 0;
}

void* map_file(const std::string& path, int protection, int flags = MAP_PRIVATE) {
    const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return fd.ok() ? mmap(nullptr, kPage, protection, flags, fd.get(), 0) : MAP_FAILED;
}

void* map_memory(int protection) {
    return mmap(nullptr, kPage, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

// A page of its end, with code in it.
void* grow_heap() {
    void* old = sbrk(2 * kPage);
    const auto end = reinterpret_cast<unsigned long>(old) + 2 * kPage;
    auto* page = reinterpret_cast<void*>((end - kPage) & ~(kPage - 1));
    std::memset(page, kReturn, 16);
    return page;
}

bool is_executable(void* page) {
    FILE* maps = std::fopen("/proc/self/maps", "re");
    char line[512];
    bool executable = false;
    while (maps != nullptr && std::fgets(line, sizeof line, maps) != nullptr) {
        unsigned long begin = 0;
        unsigned long end = 0;
        char rights[8] = "";
        if (std::sscanf(line, "%lx-%lx %7s", &begin, &end, rights) != 3) continue;
        const auto address = reinterpret_cast<unsigned long>(page);
        if (begin <= address && address < end) executable = rights[2] == 'x';
    }
    if (maps != nullptr) std::fclose(maps);
    return executable;
}

[[gnu::noinline]] void rewritten() {
    asm volatile("nop; nop; nop; nop; nop; nop; nop; nop");
}

int rewrite_self() {
    const Fd fd(open("/proc/self/mem", O_RDWR | O_CLOEXEC));
    if (!fd.ok()) return errno;
    const auto at = reinterpret_cast<off_t>(&rewritten);
    if (pwrite(fd.get(), &kReturn, 1, at) != 1) return errno;
    rewritten();
    return 0;
}

// A child that stops, runs the text that its parent changed meanwhile, and exits with 0.
pid_t start_child(bool asks_for_it) {
    const pid_t child = fork();
    if (child != 0) return child;
    if (asks_for_it && ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(errno);
    raise(SIGSTOP);
    rewritten();
    _exit(0);
}

int rewrite_child(bool asks_for_it) {
    const pid_t child = start_child(asks_for_it);
    int status = 0;
    if (child < 0 || waitpid(child, &status, WUNTRACED) != child) return errno;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    int error = 0;
    if (!asks_for_it) {
        error = outcome(ptrace(PTRACE_ATTACH, child, nullptr, nullptr));
        if (error == 0) waitpid(child, &status, __WALL);
    }
    void* text = reinterpret_cast<void*>(&rewritten);
    if (error == 0) error = outcome(ptrace(PTRACE_POKETEXT, child, text, kReturn));
    if (error == 0) error = outcome(ptrace(PTRACE_DETACH, child, nullptr, nullptr));
    kill(child, error == 0 ? SIGCONT : SIGKILL);
    waitpid(child, &status, 0);
    return error != 0 || WIFEXITED(status) ? error : ECHILD;
}

constexpr Vector kVectors[] = {
    {"exec_mmap_file",
     "maps a workspace file as code",
     Who::kUser,
     [](const Place& place) {
         return call(map_file(place.in_work("code"), PROT_READ | PROT_EXEC));
     },
     {.setup = code_in_work}},
    {"exec_mmap_file_shared",
     "maps a workspace file as code, shared",
     Who::kUser,
     [](const Place& place) {
         return call(map_file(place.in_work("code"), PROT_READ | PROT_EXEC, MAP_SHARED));
     },
     {.setup = code_in_work}},
    {"exec_mprotect_file",
     "maps a workspace file as data and makes that code",
     Who::kUser,
     [](const Place& place) {
         void* page = map_file(place.in_work("code"), PROT_READ);
         if (page == MAP_FAILED || mprotect(page, kPage, PROT_READ | PROT_EXEC) != 0) return errno;
         return call(page);
     },
     {.setup = code_in_work}},
    {"exec_mprotect_private_copy", "writes into a private mapping of a file and makes that code",
     Who::kUser,
     [](const Place& place) {
         void* page = map_file(place.in_work("file"), PROT_READ | PROT_WRITE);
         if (page == MAP_FAILED) return errno;
         std::memset(page, kReturn, kPage);
         if (mprotect(page, kPage, PROT_READ | PROT_EXEC) != 0) return errno;
         return call(page);
     }},
    {"exec_anonymous_wx", "maps memory that is writable and executable at once", Who::kUser,
     [](const Place&) {
         void* page = map_memory(PROT_READ | PROT_WRITE | PROT_EXEC);
         if (page == MAP_FAILED) return errno;
         std::memset(page, kReturn, kPage);
         return call(page);
     }},
    {"exec_mprotect_anonymous", "writes code into memory and makes it executable", Who::kUser,
     [](const Place&) {
         void* page = map_memory(PROT_READ | PROT_WRITE);
         if (page == MAP_FAILED) return errno;
         std::memset(page, kReturn, kPage);
         if (mprotect(page, kPage, PROT_READ | PROT_EXEC) != 0) return errno;
         return call(page);
     }},
    {"exec_pkey_mprotect", "makes memory executable with pkey_mprotect(2)", Who::kUser,
     [](const Place&) {
         void* page = map_memory(PROT_READ | PROT_WRITE);
         if (page == MAP_FAILED) return errno;
         std::memset(page, kReturn, kPage);
         if (pkey_mprotect(page, kPage, PROT_READ | PROT_EXEC, -1) != 0) return errno;
         return call(page);
     }},
    {"exec_stack", "makes its stack executable", Who::kUser,
     [](const Place&) {
         alignas(kPage) unsigned char page[kPage];
         std::memset(page, kReturn, kPage);
         if (mprotect(page, kPage, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) return errno;
         return call(page);
     }},
    {"exec_heap", "makes its heap executable", Who::kUser,
     [](const Place&) {
         void* page = grow_heap();
         if (mprotect(page, kPage, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) return errno;
         return call(page);
     }},
    {"exec_read_implies_exec",
     "sets READ_IMPLIES_EXEC, so that each mapping is code",
     Who::kUser,
     [](const Place& place) {
         if (personality(READ_IMPLIES_EXEC) < 0) return errno;
         void* page = map_file(place.in_work("code"), PROT_READ);
         if (page == MAP_FAILED) return errno;
         return is_executable(page) ? call(page) : EACCES;
     },
     {.setup = code_in_work}},
    {"exec_read_implies_exec_brk", "sets READ_IMPLIES_EXEC and grows its heap by brk(2)",
     Who::kUser,
     [](const Place&) {
         if (personality(READ_IMPLIES_EXEC) < 0) return errno;
         void* page = grow_heap();
         return is_executable(page) ? call(page) : EACCES;
     }},
    {"exec_memfd_map", "maps a memory file as code", Who::kUser,
     [](const Place&) {
         const Fd fd(memfd_create("escape", MFD_CLOEXEC));
         const std::string code(kPage, static_cast<char>(kReturn));
         if (!fd.ok() || write(fd.get(), code.data(), code.size()) < 0) return errno;
         return call(mmap(nullptr, kPage, PROT_READ | PROT_EXEC, MAP_SHARED, fd.get(), 0));
     }},
    {"exec_two_views", "maps one memory file twice, writable here and executable there", Who::kUser,
     [](const Place&) {
         const Fd fd(memfd_create("escape", MFD_CLOEXEC));
         const std::string room(kPage, '\0');
         if (!fd.ok() || write(fd.get(), room.data(), room.size()) < 0) return errno;
         void* view = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
         void* code = mmap(nullptr, kPage, PROT_READ | PROT_EXEC, MAP_SHARED, fd.get(), 0);
         if (view == MAP_FAILED || code == MAP_FAILED) return errno;
         std::memset(view, kReturn, kPage);
         return call(code);
     }},
    {"exec_shm", "attaches System V shared memory as code", Who::kUser,
     [](const Place&) {
         const int id = shmget(IPC_PRIVATE, kPage, IPC_CREAT | 0700);
         if (id < 0) return errno;
         void* page = shmat(id, nullptr, SHM_EXEC);
         const int error = errno;
         shmctl(id, IPC_RMID, nullptr);
         if (page == MAP_FAILED) return error;
         std::memset(page, kReturn, kPage);
         return call(page);
     }},
    {"exec_mmap_inherited",
     "maps a file as code that was open before the session",
     Who::kUser,
     [](const Place& place) {
         return call(mmap(nullptr, kPage, PROT_READ | PROT_EXEC, MAP_PRIVATE, place.inherited, 0));
     },
     {.setup =
          [](const Place& place) {
              return make_file(place.outside("code"),
                               std::string(kPage, static_cast<char>(kReturn)));
          },
      .inherit = [](const Place& place) { return open(place.outside("code").c_str(), O_RDONLY); }}},
    {"exec_write_child_text", "traces its own child and writes into its program text", Who::kUser,
     [](const Place&) { return rewrite_child(true); }},
    {"exec_write_child_text_attached", "the same of a child that it attaches to", Who::kUser,
     [](const Place&) { return rewrite_child(false); }},
    {"exec_write_own_text", "writes into its own program text over /proc/self/mem", Who::kUser,
     [](const Place&) { return rewrite_self(); }},
    {"exec_write_own_text_granted", "the same where a rule for a path grants writing it",
     Who::kRoot, [](const Place&) { return rewrite_self(); }},
};

} // namespace

std::span<const Vector> exec_memory_vectors() {
    return kVectors;
}

} // namespace bailiff::escape
