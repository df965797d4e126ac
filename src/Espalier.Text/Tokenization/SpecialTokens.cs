namespace Espalier.Text.Tokenization;

/// <summary>
/// The ids of the tokens that play a role of their own, as RoBERTa names them. A single text is framed as
/// <c>&lt;s&gt; A &lt;/s&gt;</c>, a pair as <c>&lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;</c>.
/// </summary>
/// <param name="Bos">Begin of sequence, <c>&lt;s&gt;</c>; also the position that a classifier reads.</param>
/// <param name="Pad">Padding, <c>&lt;pad&gt;</c>.</param>
/// <param name="Eos">End of sequence and separator, <c>&lt;/s&gt;</c>.</param>
/// <param name="Unknown">Unknown, <c>&lt;unk&gt;</c>. Byte-level encoding never produces it.</param>
/// <param name="Mask">The mask of masked language modelling, <c>&lt;mask&gt;</c>.</param>
public sealed record SpecialTokens(int Bos, int Pad, int Eos, int Unknown, int Mask);
