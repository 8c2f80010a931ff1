#pragma once

namespace trust::cage {

/// How much of its confinement the child takes on. It claims to be caged in any case but `open`.
enum class Confined { not_at_all, by_limits, by_cage, open };

/// A parser child that reads mails as the real one does, until one tells it not to: "X-Do: spin",
/// hang, exit, abort, garbage and so on. What "X-Do-Always:" says is done to the question for the
/// header alone too. "X-Do: try NAME FOLDER" answers with the outcome of that attempt as text,
/// "X-Do: use-libraries" with "fine" where the C and C++ libraries work.
int misbehaving_child_main(Confined confined);

}  // namespace trust::cage
