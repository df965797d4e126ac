using Espalier.Text.Bitext;

namespace Espalier.Text.Batching;

/// <summary>Makes translation batches of an encoded parallel set.</summary>
/// <param name="pairs">The set.</param>
/// <param name="options">How to gather its pairs; a budget in tokens counts those of both sides.</param>
/// <exception cref="ArgumentException">The options have a fault.</exception>
/// <exception cref="TextException">The set is empty.</exception>
public sealed class TranslationBatches(EncodedPairs pairs, SequenceBatchOptions options)
    : SequenceBatches<TranslationBatch>(Lengths(pairs), options)
{
    private protected override void Add(int sequence, TranslationBatch part)
    {
        ReadOnlySpan<int> source = pairs.Sources[sequence], target = pairs.Targets[sequence];
        Span<int> encoderInput = part.Source.Add(source.Length + 1);
        source.CopyTo(encoderInput);
        encoderInput[^1] = pairs.Special.Eos;
        Span<int> decoderInput = part.TargetInput.Add(target.Length + 1);
        decoderInput[0] = pairs.Special.Bos;
        target.CopyTo(decoderInput[1..]);
        Span<int> decoderOutput = part.TargetOutput.Add(target.Length + 1);
        target.CopyTo(decoderOutput);
        decoderOutput[^1] = pairs.Special.Eos;
    }

    private static int[] Lengths(EncodedPairs pairs)
    {
        int[] lengths = new int[pairs.Sources.Count];
        for (int i = 0; i < lengths.Length; i++)
            lengths[i] = pairs.Sources[i].Length + pairs.Targets[i].Length + 2;
        return lengths;
    }
}
