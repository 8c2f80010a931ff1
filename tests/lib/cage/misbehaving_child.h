#pragma once

namespace trust::cage {

/// A parser child that reads mails as the real one does, until one tells it not to: "X-Do: spin",
/// hang, exit, abort, garbage and so on. What "X-Do-Always:" says is done to the question for the
/// header alone too.
int misbehaving_child_main();

}  // namespace trust::cage
