using Espalier.Text.Labelled;

namespace Espalier.Text.Batching;

/// <summary>Makes classification batches of an encoded labelled set.</summary>
/// <param name="examples">The set.</param>
/// <param name="options">How to gather its examples; a budget in tokens counts those of the framed sequences.</param>
/// <exception cref="ArgumentException">The options have a fault.</exception>
/// <exception cref="TextException">The set is empty.</exception>
public sealed class ClassificationBatches(EncodedExamples examples, SequenceBatchOptions options)
    : SequenceBatches<ClassificationBatch>(Lengths(examples), options)
{
    private protected override void Add(int sequence, ClassificationBatch part) =>
        part.Add(examples.Sequences[sequence], examples.Labels[sequence]);

    private static int[] Lengths(EncodedExamples examples)
    {
        int[] lengths = new int[examples.Sequences.Count];
        for (int i = 0; i < lengths.Length; i++)
            lengths[i] = examples.Sequences[i].Length;
        return lengths;
    }
}
