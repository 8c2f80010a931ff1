#pragma once

namespace trust {

/// From now on this process leaves no core file, and other processes of its user can neither trace
/// it nor read its memory: it holds passwords. Both, as a core handler that the kernel pipes to
/// asks for no limit. What it executes is free again.
void keep_memory_to_ourselves();

}  // namespace trust
