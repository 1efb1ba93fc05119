"""The system calls of Linux, by what they are for, with their numbers on x86_64 and aarch64.

A line holds name, number, number; a dash stands where an architecture does not have the call. Every call that either
has, up to Linux 6.18, stands here once. What a group, or a call in it, is allowed is said in `rules.py`.
"""

from __future__ import annotations

GROUPS = {
    "memory": """
        brk 12 214  mmap 9 222  munmap 11 215  mremap 25 216  mprotect 10 226  madvise 28 233  msync 26 227
        mlock 149 228  mlock2 325 284  munlock 150 229  munlockall 152 231
    """,
    "files by path": """
        open 2 -  openat 257 56  creat 85 -  mkdir 83 -  mkdirat 258 34  rmdir 84 -  unlink 87 -  unlinkat 263 35
        rename 82 -  renameat 264 38  renameat2 316 276  link 86 -  linkat 265 37  symlink 88 -  symlinkat 266 36
        readlink 89 -  readlinkat 267 78  mknod 133 -  mknodat 259 33  truncate 76 45  access 21 -
        faccessat 269 48  faccessat2 439 439  stat 4 -  lstat 6 -  newfstatat 262 79  statx 332 291  statfs 137 43
        chdir 80 49  getcwd 79 17  umask 95 166
    """,
    "files by descriptor": """
        read 0 63  write 1 64  readv 19 65  writev 20 66  pread64 17 67  pwrite64 18 68  preadv 295 69
        pwritev 296 70  preadv2 327 286  pwritev2 328 287  lseek 8 62  close 3 57  close_range 436 436  dup 32 23
        dup2 33 -  dup3 292 24  fcntl 72 25  ioctl 16 29  fstat 5 80  fstatfs 138 44  fchdir 81 50
        ftruncate 77 46  fallocate 285 47  fsync 74 82  fdatasync 75 83  sync_file_range 277 84  getdents 78 -
        getdents64 217 61  sendfile 40 71  copy_file_range 326 285
    """,
    "pipes and pairs of sockets": """
        pipe 22 -  pipe2 293 59  socketpair 53 199  sendto 44 206  recvfrom 45 207
        shutdown 48 210  getsockname 51 204  getpeername 52 205  getsockopt 55 209  setsockopt 54 208
    """,
    "waiting": """
        poll 7 -  ppoll 271 73  select 23 -  pselect6 270 72  epoll_create 213 -  epoll_create1 291 20
        epoll_ctl 233 21  epoll_wait 232 -  epoll_pwait 281 22  epoll_pwait2 441 441  eventfd 284 -
        eventfd2 290 19  signalfd 282 -  signalfd4 289 74  pause 34 -  restart_syscall 219 128  wait4 61 260
        waitid 247 95
    """,
    "threads": """
        clone 56 220  exit 60 93  exit_group 231 94  futex 202 98  set_robust_list 273 99  set_tid_address 218 96
        gettid 186 178  sched_yield 24 124  rseq 334 293  membarrier 324 283  prctl 157 167  arch_prctl 158 -
    """,
    "time": """
        time 201 -  gettimeofday 96 169  clock_gettime 228 113  clock_getres 229 114  clock_nanosleep 230 115
        nanosleep 35 101  times 100 153  getitimer 36 102  setitimer 38 103  alarm 37 -  timer_create 222 107
        timer_settime 223 110  timer_gettime 224 108  timer_getoverrun 225 109  timer_delete 226 111
        timerfd_create 283 85  timerfd_settime 286 86  timerfd_gettime 287 87
    """,
    "own signals": """
        rt_sigaction 13 134  rt_sigprocmask 14 135  rt_sigreturn 15 139  rt_sigpending 127 136
        rt_sigsuspend 130 133  rt_sigtimedwait 128 137  sigaltstack 131 132  kill 62 129  tgkill 234 131
    """,
    "about this process": """
        getpid 39 172  getppid 110 173  getpgrp 111 -  getpgid 121 155  getsid 124 156  getuid 102 174
        geteuid 107 175  getgid 104 176  getegid 108 177  getresuid 118 148  getresgid 120 150  getgroups 115 158
        capget 125 90  getrlimit 97 163  setrlimit 160 164  prlimit64 302 261  getrusage 98 165  getcpu 309 168
        getpriority 140 141  ioprio_get 252 31  sched_getaffinity 204 123  sched_getparam 143 121
        sched_getscheduler 145 120  sched_getattr 315 275  sched_get_priority_max 146 125
        sched_get_priority_min 147 126  sched_rr_get_interval 148 127  uname 63 160  sysinfo 99 179
        getrandom 318 278
    """,
    "modes and owners": """
        chmod 90 -  fchmod 91 52  fchmodat 268 53  fchmodat2 452 452  chown 92 -  fchown 93 55  lchown 94 -
        fchownat 260 54
    """,
    "dates": """
        utime 132 -  utimes 235 -  futimesat 261 -  utimensat 280 88
    """,
    "locks": """
        flock 73 32
    """,
    "priorities": """
        sched_setaffinity 203 122  sched_setparam 142 118  sched_setscheduler 144 119  sched_setattr 314 274
        setpriority 141 140  ioprio_set 251 30
    """,
    "advice and flushing": """
        fadvise64 221 223  readahead 187 213  sync 162 81  syncfs 306 267
    """,
    "attributes": """
        setxattr 188 5  lsetxattr 189 6  fsetxattr 190 7  setxattrat 463 463  getxattr 191 8  lgetxattr 192 9
        fgetxattr 193 10  getxattrat 464 464  listxattr 194 11  llistxattr 195 12  flistxattr 196 13
        listxattrat 465 465  removexattr 197 14  lremovexattr 198 15  fremovexattr 199 16  removexattrat 466 466
        file_getattr 468 468  file_setattr 469 469
    """,
    "network": """
        socket 41 198  connect 42 203  bind 49 200  listen 50 201  accept 43 202  accept4 288 242
    """,
    "messages with descriptors": """
        sendmsg 46 211  recvmsg 47 212  recvmmsg 299 243  sendmmsg 307 269
    """,
    "processes": """
        fork 57 -  vfork 58 -  clone3 435 435
    """,
    "programs": """
        execve 59 221  execveat 322 281  uselib 134 -
    """,
    "other processes": """
        ptrace 101 117  process_vm_readv 310 270  process_vm_writev 311 271  process_madvise 440 440
        process_mrelease 448 448  kcmp 312 272  pidfd_getfd 438 438  pidfd_send_signal 424 424  tkill 200 130
        rt_sigqueueinfo 129 138  rt_tgsigqueueinfo 297 240  get_robust_list 274 100  migrate_pages 256 238
        move_pages 279 239
    """,
    "handles of processes": """
        pidfd_open 434 434
    """,
    "System V and POSIX IPC": """
        shmget 29 194  shmat 30 196  shmdt 67 197  shmctl 31 195  msgget 68 186  msgsnd 69 189  msgrcv 70 188
        msgctl 71 187  semget 64 190  semop 65 193  semtimedop 220 192  semctl 66 191  mq_open 240 180
        mq_unlink 241 181  mq_timedsend 242 182  mq_timedreceive 243 183  mq_notify 244 184  mq_getsetattr 245 185
    """,
    "rights": """
        setuid 105 146  setgid 106 144  setreuid 113 145  setregid 114 143  setresuid 117 147  setresgid 119 149
        setfsuid 122 151  setfsgid 123 152  setgroups 116 159  capset 126 91  setpgid 109 154  setsid 112 157
        personality 135 92
    """,
    "namespaces and mounts": """
        unshare 272 97  setns 308 268  mount 165 40  umount2 166 39  pivot_root 155 41  chroot 161 51
        open_tree 428 428  open_tree_attr 467 467  move_mount 429 429  fsopen 430 430  fsconfig 431 431
        fsmount 432 432  fspick 433 433  mount_setattr 442 442  statmount 457 457  listmount 458 458
    """,
    "handles of files": """
        name_to_handle_at 303 264  open_by_handle_at 304 265
    """,
    "watching files": """
        inotify_init 253 -  inotify_init1 294 26  inotify_add_watch 254 27  inotify_rm_watch 255 28
        fanotify_init 300 262  fanotify_mark 301 263  lookup_dcookie 212 18
    """,
    "memory of other kinds": """
        memfd_create 319 279  memfd_secret 447 447  remap_file_pages 216 234  userfaultfd 323 282
        mlockall 151 230  mincore 27 232  cachestat 451 451  mbind 237 235  get_mempolicy 239 236
        set_mempolicy 238 237  set_mempolicy_home_node 450 450  pkey_mprotect 329 288  pkey_alloc 330 289
        pkey_free 331 290  mseal 462 462  map_shadow_stack 453 453
    """,
    "newer ways to open and wait": """
        openat2 437 437  futex_waitv 449 449  futex_wake 454 454  futex_wait 455 455  futex_requeue 456 456
    """,
    "asynchronous input and output": """
        io_setup 206 0  io_destroy 207 1  io_submit 209 2  io_cancel 210 3  io_getevents 208 4
        io_pgetevents 333 292  io_uring_setup 425 425  io_uring_enter 426 426  io_uring_register 427 427
    """,
    "splicing": """
        splice 275 76  tee 276 77  vmsplice 278 75
    """,
    "keys": """
        add_key 248 217  request_key 249 218  keyctl 250 219
    """,
    "probes and programs in the kernel": """
        bpf 321 280  perf_event_open 298 241  uprobe 336 -  uretprobe 335 -
    """,
    "sandboxes": """
        seccomp 317 277  landlock_create_ruleset 444 444  landlock_add_rule 445 445
        landlock_restrict_self 446 446  lsm_get_self_attr 459 459  lsm_set_self_attr 460 460
        lsm_list_modules 461 461
    """,
    "the machine": """
        reboot 169 142  kexec_load 246 104  kexec_file_load 320 294  init_module 175 105  finit_module 313 273
        delete_module 176 106  swapon 167 224  swapoff 168 225  quotactl 179 60  quotactl_fd 443 443  acct 163 89
        syslog 103 116  vhangup 153 58  settimeofday 164 170  clock_settime 227 112  clock_adjtime 305 266
        adjtimex 159 171  sethostname 170 161  setdomainname 171 162  iopl 172 -  ioperm 173 -
    """,
    "what is left of older systems": """
        modify_ldt 154 -  set_thread_area 205 -  get_thread_area 211 -  _sysctl 156 -  sysfs 139 -  ustat 136 -
        nfsservctl 180 42  create_module 174 -  get_kernel_syms 177 -  query_module 178 -  getpmsg 181 -
        putpmsg 182 -  afs_syscall 183 -  tuxcall 184 -  security 185 -  vserver 236 -  epoll_ctl_old 214 -
        epoll_wait_old 215 -
    """,
}
"""The calls, by group."""

ARCHITECTURES = ("x86_64", "aarch64")
"""The machines whose numbers stand above, in that order."""


def names(group: str) -> list[str]:
    """The calls of a group."""
    return GROUPS[group].split()[::3]


def numbers(machine: str) -> dict[str, int]:
    """The number of each call on one of the `ARCHITECTURES`."""
    column = 1 + ARCHITECTURES.index(machine)
    words = [word for text in GROUPS.values() for word in text.split()]
    return {name: int(number) for name, number in zip(words[::3], words[column::3], strict=True) if number != "-"}
