// What a policy says besides its rules: who signs, who presents, who acts. Plain values, made by
// policy/load.cc; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "policy/position.h"

namespace bailiff::policy {

struct IssuerSettings {
    std::string issuer;
    std::string jwks_file;
    std::vector<std::string> algorithms;
    std::string type;
    std::string actor_claim;
    std::string task_claim;
    std::int64_t max_lifetime = 0; // seconds
    unsigned max_chain = 0;
    bool require_proof = false;
    bool break_glass = false;
    Position at;
};

// Names of local groups.
struct RoleSettings {
    std::vector<std::string> user, approver, auditor, operators;
    std::map<std::string, Position> groups_at; // where each group stands first
};

struct UserEntry {
    std::string subject; // a trailing * matches any ending
    std::string issuer;  // empty: any
    std::vector<std::string> groups;
    std::vector<std::string> presented_by;
    std::vector<std::string> profiles;
    Position at;
};

struct AgentEntry {
    std::string name;
    std::string actor;
    std::string actor_issuer;
    std::vector<std::string> executables;
    std::vector<std::string> scripts;
    std::vector<std::string> interpreters;
    std::string unit;
    std::string cgroup; // clean: see policy/cgroup_path.h
    std::string uid;
    std::vector<std::string> profiles;
    std::vector<std::string> unbound;
    Position at;
    std::map<std::string, Position> files_at; // where each executable and script stands
    Position cgroup_at;
    Position uid_at;

    [[nodiscard]] const Position& file_at(const std::string& path) const {
        const auto found = files_at.find(path);
        return found == files_at.end() ? at : found->second;
    }
};

// Entries of `tasks` and `scopes`.
struct NarrowingEntry {
    std::string pattern;
    std::vector<std::string> profiles;
    Position at;
};

// A note for reviewers; nothing reads it to decide.
struct ObserveUntil {
    std::string date; // of RFC 3339, empty where not written
    Position at;
    bool matters = false; // the policy or a profile of it is in mode observe
};

// What can hardly be meant and is no error.
struct Advice {
    Position at;
    std::string text;
};

struct ApprovalSettings {
    bool own = false; // who presented a session's token may approve what it does
};

// What is kept of what rules preserve.
struct UndoSettings {
    std::uint64_t max_copy = std::uint64_t{64} << 20; // bytes of one file that is copied
    std::uint64_t quota = std::uint64_t{4} << 30;     // bytes that all of it may take up
    std::uint32_t entries = 1'000'000;                // how many there may be
    // What one session may take up of that, or one account's agents without a session.
    std::uint64_t session_quota = quota / 4;     // bytes
    std::uint32_t session_entries = entries / 4; // how many
    std::int64_t keep = std::int64_t{7} * 86400; // seconds
    std::vector<std::string> stores;             // folders besides bailiff-kernel's own
};

struct Settings {
    bool observe = false;
    ObserveUntil observe_until;
    std::vector<std::string> audience;
    std::vector<IssuerSettings> issuers;
    RoleSettings roles;
    ApprovalSettings approvals;
    UndoSettings undo;
    std::vector<std::string> workspace_roots;
    std::vector<std::string> host_profiles;
    std::vector<UserEntry> users;
    std::vector<AgentEntry> agents;
    std::vector<NarrowingEntry> tasks;
    std::vector<NarrowingEntry> scopes;
    std::vector<Advice> advice;
};

// `pattern` with a trailing * matches any ending; else only itself.
[[nodiscard]] bool matches(const std::string& pattern, const std::string& text);

} // namespace bailiff::policy
