/**
 * The instructions of SQLite's virtual machine that a statement of a session may have: they compute, loop, sort, check and
 * move data between cursors. Every other instruction is refused, also one that a later version of SQLite adds
 * (https://sqlite.org/opcode.html).
 */
export const harmless: ReadonlySet<string> = new Set(
  `Abortable Add AddImm Affinity And BeginSubrtn BitAnd BitNot BitOr Blob Cast Close ClrSubtype CollSeq Column ColumnsUsed
  Compare Concat Copy Count CursorHint CursorLock CursorUnlock DecrJumpZero DeferredSeek Delete Divide ElseEq EndCoroutine
  Eq Explain Filter FilterAdd FinishSeek FkCheck FkCounter FkIfZero Found Ge GetSubtype Gosub Goto Gt Halt HaltIfNull
  IFindKey IdxDelete IdxGE IdxGT IdxInsert IdxLE IdxLT IdxRowid If IfEmpty IfNoHope IfNot IfNotOpen IfNotZero IfNullRow
  IfPos IfSizeBetween Init InitCoroutine Insert Int64 IntCopy Integer IsNull IsTrue IsType Jump Last Le Lt MakeRecord
  MemMax Move Multiply MustBeInt Ne NewRowid Next NoConflict Noop Not NotExists NotFound NotNull Null NullRow OffsetLimit
  Once OpenAutoindex OpenDup OpenEphemeral OpenPseudo Or Param Permutation Prev Program Real RealAffinity ReleaseReg
  Remainder ResetCount ResetSorter ResultRow Return Rewind RowCell RowData RowSetAdd RowSetRead RowSetTest Rowid SCopy
  SeekEnd SeekGE SeekGT SeekHit SeekLE SeekLT SeekRowid SeekScan Sequence SequenceTest SetSubtype ShiftLeft ShiftRight
  SoftNull Sort SorterCompare SorterData SorterInsert SorterNext SorterOpen SorterSort String String8 Subtract Trace
  Transaction TypeCheck VBegin VColumn VFilter VInitIn VNext Variable Yield ZeroOrNull`.split(/\s+/),
);

/** The instructions that call a function, which their fourth operand names: `upper(1)`. */
export const calling: ReadonlySet<string> = new Set(
  'AggFinal AggInverse AggStep AggStep1 AggValue Function PureFunc'.split(' '),
);
