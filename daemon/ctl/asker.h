// Asker: while the command runs, puts what it has to wait for to the person at the terminal. Its
// own thread between start() and stop().
#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include "bailiff/control.pb.h"
#include "ctl/client.h"
#include "ctl/terminal.h"

namespace bailiff::ctl {

class Asker {
public:
    // Acts of that session that came to wait after the record `after`.
    Asker(Terminal terminal, const std::string& socket, std::string session, std::uint64_t after);
    Asker(const Asker&) = delete;
    Asker& operator=(const Asker&) = delete;
    ~Asker() { stop(); }

    void start();
    void stop();

private:
    void watch();
    [[nodiscard]] Status read_once();
    void meet(const v1::Record& record);
    // Does it wait for an answer? kNotFound where nothing of that id waits.
    [[nodiscard]] Result<bool> waits(const std::string& id, v1::Approval& approval);
    void ask(const v1::Approval& approval);
    void answer(const std::string& id, bool approve);

    Terminal terminal_;
    std::string session_;
    std::uint64_t after_;
    Client client_;
    std::thread thread_;
};

// A word that only who reads the terminal can know: four digits.
[[nodiscard]] std::string make_code();

} // namespace bailiff::ctl
