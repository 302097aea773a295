// Admission: who may have how many connections of the control socket. Owned by the server; its
// thread only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <utility>

#include "api/server.h"
#include "api/service.h"
#include "base/result.h"

namespace bailiff::api {

class Admission {
public:
    // Whose budget a connection is counted in: an account's, or one subject's of it.
    struct Owner {
        uid_t uid = 0;
        std::uint32_t subject = 0; // slot; 0: none
        bool unbound = false;
        auto operator<=>(const Owner&) const = default;
    };

    explicit Admission(const ServerOptions& limits) : limits_(limits) {}

    // A peer of which nobody can tell whether it is a subject counts as one, except root.
    [[nodiscard]] static Owner owner_of(uid_t uid, const Result<Subjection>& subject);

    // kUnavailable, with whose limit it is, where `owner` may have no further connection.
    [[nodiscard]] Status check(const Owner& owner) const;
    void add(const Owner& owner);
    void remove(const Owner& owner);

private:
    [[nodiscard]] std::size_t count(const Owner& owner) const;

    const ServerOptions& limits_;
    std::map<Owner, std::size_t> open_;
    std::size_t all_ = 0;
    std::size_t of_subjects_ = 0;
};

} // namespace bailiff::api
