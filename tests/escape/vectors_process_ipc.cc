// What processes outside share by name: System V and POSIX IPC, keyrings. The set-up leaves objects
// of the same account behind, as a service of it would.
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

constexpr key_t kKey = 0x5c4be;
constexpr char kQueue[] = "/escape-queue";
constexpr char kShared[] = "/escape-shared";
constexpr char kKeyName[] = "escape-key";

// In a set-up, which is a child of root's.
int as_user(int (*act)()) {
    const uid_t uid = account_of(Who::kUser);
    if (setgroups(0, nullptr) != 0 || setresgid(uid, uid, uid) != 0 ||
        setresuid(uid, uid, uid) != 0)
        return errno;
    return act();
}

int make_shared_memory(const Place&) {
    return as_user([] { return outcome(shmget(kKey, 4096, IPC_CREAT | 0600)); });
}
// shmget(2) would ask for a permission already; the kernel's list does not.
int shared_memory_id() {
    FILE* list = std::fopen("/proc/sysvipc/shm", "re");
    if (list == nullptr) return -1;
    int found = -1;
    int key = 0;
    int id = 0;
    char line[512];
    while (std::fgets(line, sizeof line, list) != nullptr)
        if (std::sscanf(line, "%d %d", &key, &id) == 2 && key == kKey) found = id;
    std::fclose(list);
    return found;
}
int make_queue(const Place&) {
    return as_user([] {
        const int id = msgget(kKey, IPC_CREAT | 0600);
        const struct {
            long type;
            char text[8];
        } message{1, "secret"};
        return id < 0 ? errno : outcome(msgsnd(id, &message, sizeof message.text, IPC_NOWAIT));
    });
}
int make_semaphore(const Place&) {
    return as_user([] { return outcome(semget(kKey, 1, IPC_CREAT | 0600)); });
}
int make_posix_queue(const Place&) {
    return as_user([] {
        const mqd_t queue = mq_open(kQueue, O_CREAT | O_RDWR, 0600, nullptr);
        return queue < 0 ? errno : outcome(mq_send(queue, "secret", 6, 0));
    });
}
int make_posix_memory(const Place&) {
    return as_user([] {
        const Fd fd(shm_open(kShared, O_CREAT | O_RDWR, 0600));
        return fd.ok() ? outcome(ftruncate(fd.get(), 4096)) : errno;
    });
}
int make_key(const Place&) {
    return as_user([] {
        const long key = syscall(SYS_add_key, "user", kKeyName, "secret", 6, KEY_SPEC_USER_KEYRING);
        return key < 0 ? errno : outcome(syscall(SYS_keyctl, KEYCTL_SETPERM, key, 0x3f3f0000));
    });
}

long find_key() {
    return syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", kKeyName, 0);
}

constexpr Vector kVectors[] = {
    {"process_shm_attach",
     "attaches System V shared memory of a process outside",
     Who::kUser,
     [](const Place&) {
         const int id = shmget(kKey, 0, 0);
         if (id < 0) return errno;
         void* page = shmat(id, nullptr, 0);
         return page == MAP_FAILED ? errno : 0;
     },
     {.setup = make_shared_memory}},
    {"process_shm_give",
     "changes the mode of System V shared memory of a process outside",
     Who::kUser,
     [](const Place&) {
         const int id = shared_memory_id();
         shmid_ds wanted{};
         wanted.shm_perm.uid = getuid();
         wanted.shm_perm.gid = getgid();
         wanted.shm_perm.mode = 0600;
         return id < 0 ? ENOENT : outcome(shmctl(id, IPC_SET, &wanted));
     },
     {.setup = make_shared_memory}},
    {"process_shm_remove",
     "removes System V shared memory of a process outside",
     Who::kUser,
     [](const Place&) {
         const int id = shared_memory_id();
         return id < 0 ? ENOENT : outcome(shmctl(id, IPC_RMID, nullptr));
     },
     {.setup = make_shared_memory}},
    {"process_msg_receive",
     "takes a message out of a System V queue of a process outside",
     Who::kUser,
     [](const Place&) {
         struct {
             long type;
             char text[8];
         } message{};
         const int id = msgget(kKey, 0);
         if (id < 0) return errno;
         return outcome(msgrcv(id, &message, sizeof message.text, 0, IPC_NOWAIT));
     },
     {.setup = make_queue}},
    {"process_msg_send",
     "puts a message into a System V queue of a process outside",
     Who::kUser,
     [](const Place&) {
         const struct {
             long type;
             char text[8];
         } message{1, "escape"};
         const int id = msgget(kKey, 0);
         if (id < 0) return errno;
         return outcome(msgsnd(id, &message, sizeof message.text, IPC_NOWAIT));
     },
     {.setup = make_queue}},
    {"process_sem_change",
     "changes a System V semaphore of a process outside",
     Who::kUser,
     [](const Place&) {
         sembuf step{0, 1, IPC_NOWAIT};
         const int id = semget(kKey, 1, 0);
         return id < 0 ? errno : outcome(semop(id, &step, 1));
     },
     {.setup = make_semaphore}},
    {"process_mq_receive",
     "takes a message out of a POSIX queue of a process outside",
     Who::kUser,
     [](const Place&) {
         const mqd_t queue = mq_open(kQueue, O_RDWR | O_NONBLOCK);
         char buffer[16384];
         return queue < 0 ? errno : outcome(mq_receive(queue, buffer, sizeof buffer, nullptr));
     },
     {.setup = make_posix_queue}},
    {"process_mq_create", "makes a POSIX queue that processes outside can open", Who::kUser,
     [](const Place&) {
         const mqd_t queue = mq_open("/escape-new", O_CREAT | O_RDWR, 0600, nullptr);
         if (queue < 0) return errno;
         return outcome(mq_unlink("/escape-new"));
     }},
    {"process_posix_shm",
     "opens POSIX shared memory of a process outside",
     Who::kUser,
     [](const Place&) { return outcome_of_fd(shm_open(kShared, O_RDWR, 0)); },
     {.setup = make_posix_memory}},
    {"process_key_read",
     "reads a key of its account's keyring",
     Who::kUser,
     [](const Place&) {
         char buffer[16];
         const long key = find_key();
         return key < 0 ? errno
                        : outcome(syscall(SYS_keyctl, KEYCTL_READ, key, buffer, sizeof buffer));
     },
     {.setup = make_key}},
    {"process_key_search",
     "searches its account's keyring",
     Who::kUser,
     [](const Place&) { return outcome(find_key()); },
     {.setup = make_key}},
    {"process_key_add", "puts a key into its account's keyring", Who::kUser,
     [](const Place&) {
         return outcome(syscall(SYS_add_key, "user", "escape-new", "x", 1, KEY_SPEC_USER_KEYRING));
     }},
    {"process_key_session", "makes a keyring for its descendants", Who::kUser,
     [](const Place&) {
         return outcome(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "escape"));
     }},
};

} // namespace

std::span<const Vector> process_ipc_vectors() {
    return kVectors;
}

} // namespace bailiff::escape
