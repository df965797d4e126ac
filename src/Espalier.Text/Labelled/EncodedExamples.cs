using System.Runtime.InteropServices;
using Espalier.Text.Batching;
using Espalier.Text.Tokenization;

namespace Espalier.Text.Labelled;

/// <summary>A labelled set as token ids, framed for a classifier, in the order of the file.</summary>
public sealed class EncodedExamples
{
    private EncodedExamples(TokenSequences sequences, int[] labels, int truncated)
    {
        Sequences = sequences;
        Labels = labels;
        Truncated = truncated;
    }

    /// <summary>The framed sequences.</summary>
    public TokenSequences Sequences { get; }

    /// <summary>The label of each.</summary>
    public IReadOnlyList<int> Labels { get; }

    /// <summary>How many sequences were too long and lost their end.</summary>
    public int Truncated { get; }

    /// <summary>Encodes a set.</summary>
    /// <param name="set">The set.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="maxLength">Most tokens of a framed sequence.</param>
    /// <param name="cancel">Stops the work.</param>
    public static EncodedExamples Encode(LabelledSet set, Tokenizer tokenizer, int maxLength, CancellationToken cancel = default)
    {
        var framer = new SequenceFramer(tokenizer, maxLength);
        var sequences = new TokenSequences();
        int[] labels = new int[set.Examples.Count];
        var ids = new List<int>();
        int truncated = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            ids.Clear();
            truncated += framer.Frame(set.Examples[i].First, set.Examples[i].Second, ids) ? 1 : 0;
            sequences.Add(CollectionsMarshal.AsSpan(ids));
            labels[i] = set.Examples[i].Label;
        }
        return new EncodedExamples(sequences, labels, truncated);
    }
}
