#include "kernel/libbpf_log.h"

#include <bpf/libbpf.h>
#include <gmock/gmock.h>

#include <cerrno>

namespace bailiff::kernel {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(LibbpfLog, NamesTheKernelOptionBehindAnAddressThatIsNotTold) {
    LibbpfLog log;
    log.hear("libbpf: extern 'rename_lock' (strong): not resolved\n");
    log.hear("libbpf: failed to load object 'bailiff'\n");
    EXPECT_EQ(log.cause(ESRCH),
              "extern 'rename_lock' (strong): not resolved (the kernel must be built with "
              "CONFIG_KALLSYMS_ALL)");
}

TEST(LibbpfLog, SaysHowToRemoveAMapOfAnotherVersion) {
    LibbpfLog log;
    log.hear("libbpf: couldn't reuse pinned map at '/sys/fs/bpf/b/maps/x': parameter mismatch\n");
    EXPECT_THAT(log.cause(EINVAL), HasSubstr("another version's; bailiff-kernel --detach"));
}

TEST(LibbpfLog, AWarningWithoutARemedyStandsAsItIsInOneLine) {
    LibbpfLog log;
    log.hear("libbpf: prog 'file_open': BPF program load failed: Permission denied\nmore\n");
    EXPECT_EQ(log.cause(EACCES), "prog 'file_open': BPF program load failed: Permission denied");
}

TEST(LibbpfLog, NamesTheProgramThatTheKernelRefused) {
    LibbpfLog log;
    log.hear("libbpf: map 'x': failed to create: No space left on device(-28)\n");
    EXPECT_EQ(log.refused(), "");
    log.hear("libbpf: prog 'path_notify': BPF program load failed: Invalid argument\n");
    log.hear("libbpf: prog 'path_notify': failed to load: -22\n");
    EXPECT_EQ(log.refused(), "path_notify");
}

TEST(LibbpfLog, WhatLibbpfTriesAgainIsNoCause) {
    LibbpfLog log;
    log.hear("libbpf: Error in bpf_create_map_xattr(x):Invalid argument(-22). Retrying.\n");
    log.hear("libbpf: map 'x': failed to create: No space left on device(-28)\n");
    EXPECT_THAT(log.cause(ENOSPC), HasSubstr("map 'x'"));
}

TEST(LibbpfLog, WithoutAWarningTheErrnoSpeaks) {
    EXPECT_EQ(LibbpfLog().cause(EPERM), "Operation not permitted");
}

TEST(LibbpfLog, HearsLibbpfItselfAndOnlyWhileItLives) {
    const std::string no_object(64, 'x');
    {
        const LibbpfLog log;
        EXPECT_EQ(bpf_object__open_mem(no_object.data(), no_object.size(), nullptr), nullptr);
        EXPECT_THAT(log.cause(EPERM), Not(HasSubstr("Operation not permitted")));
    }
    EXPECT_EQ(bpf_object__open_mem(no_object.data(), no_object.size(), nullptr), nullptr);
    EXPECT_EQ(LibbpfLog().cause(EPERM), "Operation not permitted");
}

} // namespace
} // namespace bailiff::kernel
