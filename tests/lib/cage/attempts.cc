#include "tests/lib/cage/attempts.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace trust::cage {

namespace {

/// The outcome of a call that gives -1 for failure.
int of(long result) { return result == -1 ? errno : 0; }

int open_at(const std::string& path, int flags) { return of(::open(path.c_str(), flags, 0600)); }

int in_other_process() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  return pid < 0 ? errno : of(::waitpid(pid, nullptr, 0));
}

int execute() {
  char* const arguments[] = {const_cast<char*>("true"), nullptr};
  // Where there is no other process to be had, this one tries.
  const pid_t pid = ::fork();
  if (pid <= 0) {
    ::execve("/bin/true", arguments, nullptr);
    const int problem = errno;
    if (pid < 0) return problem;
    ::_exit(problem);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WEXITSTATUS(status);
}

int start_thread() {
  pthread_t thread{};
  const int problem = ::pthread_create(
      &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
  return problem != 0 ? problem : ::pthread_join(thread, nullptr);
}

int connect_to(const std::string& folder) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return errno;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(&folder[folder.rfind('-') + 1])));
  return of(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to));
}

int map_executable() {
  return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                 MAP_FAILED
             ? errno
             : 0;
}

int make_executable() {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return of(::mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

int read_own_memory() {
  char from[4] = "abc", to[4];
  iovec here{to, sizeof to}, there{from, sizeof from};
  return of(::process_vm_readv(::getpid(), &here, 1, &there, 1, 0));
}

int loosen_limit() {
  rlimit now{};
  if (::getrlimit(RLIMIT_NOFILE, &now) != 0) return errno;
  return of(::setrlimit(RLIMIT_NOFILE, &now));
}

constexpr Attempt kAttempts[] = {
    {"open_a_file_for_reading",
     [](const std::string& f) { return open_at(f + "/there", O_RDONLY); }},
    {"open_a_file_for_writing",
     [](const std::string& f) { return open_at(f + "/there", O_WRONLY); }},
    {"make_a_file",
     [](const std::string& f) { return open_at(f + "/new", O_CREAT | O_EXCL | O_WRONLY); }},
    {"open_a_folder", [](const std::string& f) { return open_at(f, O_RDONLY | O_DIRECTORY); }},
    {"open_own_memory", [](const std::string&) { return open_at("/proc/self/mem", O_RDWR); }},
    {"open_the_parents_environment",
     [](const std::string&) {
       return open_at("/proc/" + std::to_string(::getppid()) + "/environ", O_RDONLY);
     }},
    {"open_a_device", [](const std::string&) { return open_at("/dev/null", O_RDWR); }},
    {"ask_whether_a_file_is_there",
     [](const std::string& f) { return of(::access((f + "/there").c_str(), F_OK)); }},
    {"ask_about_a_file",
     [](const std::string& f) {
       struct stat info {};
       return of(::stat((f + "/there").c_str(), &info));
     }},
    {"ask_about_a_descriptor",  // glibc's fstat may name paths
     [](const std::string&) {
       struct stat info {};
       return of(::fstat(3, &info));
     }},
    {"read_a_link",
     [](const std::string&) {
       char to[64];
       return of(::readlink("/proc/self/exe", to, sizeof to));
     }},
    {"unlink", [](const std::string& f) { return of(::unlink((f + "/unlinked").c_str())); }},
    {"rename",
     [](const std::string& f) {
       return of(::rename((f + "/renamed").c_str(), (f + "/away").c_str()));
     }},
    {"truncate", [](const std::string& f) { return of(::truncate((f + "/there").c_str(), 1)); }},
    {"chmod", [](const std::string& f) { return of(::chmod((f + "/there").c_str(), 0644)); }},
    {"mkdir", [](const std::string& f) { return of(::mkdir((f + "/made").c_str(), 0700)); }},
    {"symlink",
     [](const std::string& f) { return of(::symlink("/etc/passwd", (f + "/link").c_str())); }},
    {"chdir", [](const std::string&) { return of(::chdir("/")); }},
    {"write_elsewhere", [](const std::string&) { return of(::write(1, "x", 1)); }},
    {"copy_a_descriptor", [](const std::string&) { return of(::dup(3)); }},
    {"socket_ipv4", [](const std::string&) { return of(::socket(AF_INET, SOCK_STREAM, 0)); }},
    {"socket_udp", [](const std::string&) { return of(::socket(AF_INET, SOCK_DGRAM, 0)); }},
    {"socket_unix", [](const std::string&) { return of(::socket(AF_UNIX, SOCK_STREAM, 0)); }},
    {"socket_pair",
     [](const std::string&) {
       int ends[2];
       return of(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
     }},
    {"connect", connect_to},
    {"fork", [](const std::string&) { return in_other_process(); }},
    {"execve", [](const std::string&) { return execute(); }},
    {"thread", [](const std::string&) { return start_thread(); }},
    {"unshare", [](const std::string&) { return of(::unshare(0)); }},
    {"ptrace",
     [](const std::string&) { return of(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
    {"read_the_memory_of_a_process", [](const std::string&) { return read_own_memory(); }},
    {"kill_the_parent", [](const std::string&) { return of(::kill(::getppid(), 0)); }},
    {"signal_its_own_thread",
     [](const std::string&) { return of(::syscall(SYS_tgkill, ::getpid(), ::getpid(), 0)); }},
    {"map_executable_memory", [](const std::string&) { return map_executable(); }},
    {"make_memory_executable", [](const std::string&) { return make_executable(); }},
    {"memory_file", [](const std::string&) { return of(::memfd_create("x", 0)); }},
    {"shared_memory",
     [](const std::string&) {
       const int id = ::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
       return id < 0 ? errno : of(::shmctl(id, IPC_RMID, nullptr));
     }},
    {"become_dumpable",
     [](const std::string&) { return of(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }},
    {"ask_for_the_filter_mode",
     [](const std::string&) { return of(::prctl(PR_GET_SECCOMP, 0, 0, 0, 0)); }},
    {"set_a_limit", [](const std::string&) { return loosen_limit(); }},
    {"change_user", [](const std::string&) { return of(::setuid(::getuid())); }},
    {"ask_the_machines_name",
     [](const std::string&) {
       char name[256];
       return of(::gethostname(name, sizeof name));
     }},
};

}  // namespace

std::span<const Attempt> attempts() { return kAttempts; }

}  // namespace trust::cage
