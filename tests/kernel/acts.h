// Acts: what a test does in a child process. Each returns 0 or an errno.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace bailiff::tests {

using Act = std::function<int()>;

Act open_file(std::string path, int flags, unsigned mode = 0644);
Act write_file(std::string path); // opens for writing and writes one byte
Act remove_file(std::string path);
Act make_directory(std::string path);
Act remove_directory(std::string path);
Act rename_file(std::string from, std::string to);
Act link_file(std::string from, std::string to);
Act symlink_file(std::string target, std::string path);
Act truncate_file(std::string path);
Act change_mode(std::string path, unsigned mode);
Act execute(std::string path); // an allowed exec exits with 0
Act execute(std::string path, std::string argument);
Act execute_argv(std::string path, std::vector<std::string> argv); // argv[0] too
// The same by the table of 32-bit system calls, with at most one argument besides argv[0].
Act execute_in_32_bits(std::string path, std::string argument = "");
Act remove_file_in_32_bits(std::string path);
Act connect_udp(std::string address, unsigned short port);
Act send_udp(std::string address, unsigned short port); // without connecting
Act bind_udp(std::string address, unsigned short port);
Act make_socket(int family, int type, int protocol);
Act in_grandchild(Act act); // double fork and setsid: a daemon's child
Act in_thread(Act act);

// The scene's files, made afresh by the test itself, outside every subject.
void make_file(const std::string& path, const std::string& content = "content");

// Runs a program that was built beside this one and returns what it said.
std::string run_beside(const std::string& command, int& status);

} // namespace bailiff::tests
