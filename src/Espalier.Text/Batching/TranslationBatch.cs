namespace Espalier.Text.Batching;

/// <summary>A micro-batch for translation. Its memory is reused by a later batch.</summary>
public sealed class TranslationBatch : MicroBatch
{
    /// <summary>What the encoder reads: <c>x &lt;/s&gt;</c>.</summary>
    public PackedSequences Source { get; } = new();

    /// <summary>What the decoder reads: <c>&lt;s&gt; y</c>.</summary>
    public PackedSequences TargetInput { get; } = new();

    /// <summary>What the decoder is to say: <c>y &lt;/s&gt;</c>. Its offsets are those of <see cref="TargetInput"/>.</summary>
    public PackedSequences TargetOutput { get; } = new();

    /// <summary>Tokens of the source and of the target.</summary>
    public override int TokenCount => Source.Tokens.Length + TargetInput.Tokens.Length;

    /// <inheritdoc/>
    public override int TargetCount => TargetOutput.Tokens.Length;

    internal override void Clear()
    {
        Source.Clear();
        TargetInput.Clear();
        TargetOutput.Clear();
    }
}
