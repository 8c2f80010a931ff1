#pragma once

namespace trust::cage {

/// A parser child that reads mails as the real one does, until one tells it not to: "X-Do: spin",
/// hang, exit, abort, garbage, long, short, not-json, not-utf8, not-within, no-memory, deaf. With
/// "X-Do-Always:" the question for the header alone is treated the same way.
int misbehaving_child_main();

}  // namespace trust::cage
