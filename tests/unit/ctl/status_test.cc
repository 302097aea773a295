#include "ctl/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ctl/whoami.h"

namespace bailiff::ctl {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Status, ExitStatusTellsThePosture) {
    EXPECT_EQ(status_exit("ENFORCING"), 0);
    EXPECT_EQ(status_exit("OBSERVING"), 0);
    EXPECT_EQ(status_exit("DEGRADED"), 1);
    EXPECT_EQ(status_exit("DOWN"), 2);
    EXPECT_EQ(status_exit(""), 2);
}

TEST(Status, BeginsWithThePostureAndNamesWhatIsMissing) {
    v1::GetStatusResponse status;
    status.set_posture("DEGRADED");
    status.set_detail("the network family is not attached");
    status.set_remedy("boot with lsm=...,bpf");
    status.set_sessions(2);
    v1::FamilyStatus& family = *status.add_families();
    family.set_family("network");
    family.set_detail("no hook");
    v1::AgentStatus& agent = *status.add_agents();
    agent.set_name("fixer");
    agent.set_protection("script /opt/fixer.py");
    agent.set_escapable(true);
    const std::string text = status_text(status, false);
    EXPECT_THAT(text, StartsWith("DEGRADED: the network family is not attached\nremedy      boot"));
    EXPECT_THAT(text, HasSubstr("network  not enforcing: no hook\n"));
    EXPECT_THAT(text,
                HasSubstr("fixer: known by script /opt/fixer.py (a copy of the file escapes); "
                          "nothing without a session\n"));
    EXPECT_THAT(text, HasSubstr("sessions    2 active\n"));
}

TEST(Status, TellsWhatBecameOfThePins) {
    v1::GetStatusResponse status;
    status.set_pins("2 had been removed, made again at noon: file_open, map tasks");
    EXPECT_THAT(status_text(status, false), HasSubstr("pins        2 had been removed"));
}

TEST(WhoAmI, SaysWhetherBailiffRestrictsTheCaller) {
    v1::WhoAmIResponse self;
    self.set_uid(1000);
    self.set_user("alice");
    self.set_pid(5);
    self.add_roles("user");
    EXPECT_EQ(whoami_text(self),
              "uid 1000 (alice), pid 5\nroles: user\n"
              "not a subject: bailiff does not restrict this process\n");
    self.set_subject(true);
    self.set_session("s-1");
    self.set_session_user("user:alice");
    EXPECT_THAT(whoami_text(self), HasSubstr("subject to session s-1 for user:alice\n"));
}

} // namespace
} // namespace bailiff::ctl
