using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Random;

namespace Espalier.Tests.Engine.Models;

/// <summary>Sizes at which whole models are tested: odd where they can be, to pass by the boundaries of vectors and tiles.</summary>
internal static class SmallModels
{
    public static EncoderConfiguration Encoder { get; } = new()
    {
        Layers = 3, Hidden = 36, Heads = 3, FeedForward = 50, Vocabulary = 71, MaximumPositions = 20, Dropout = 0, AttentionDropout = 0,
    };

    public static EncoderDecoderConfiguration EncoderDecoder { get; } = new()
    {
        Layers = 2, DecoderLayers = 3, Hidden = 36, Heads = 3, FeedForward = 50, Vocabulary = 71, MaximumPositions = 20, Dropout = 0,
        AttentionDropout = 0,
    };

    /// <summary>The plainest and the fastest kernels of this machine.</summary>
    public static TheoryData<InstructionSet, NormPlacement> KernelsAndNorms
    {
        get
        {
            var data = new TheoryData<InstructionSet, NormPlacement>();
            foreach (InstructionSet set in new[] { InstructionSet.Reference, InstructionSets.Widest }.Distinct())
            {
                data.Add(set, NormPlacement.Pre);
                data.Add(set, NormPlacement.Post);
            }

            return data;
        }
    }

    /// <summary>Random ids of the vocabulary.</summary>
    public static int[][] Sentences(params int[] lengths)
    {
        var random = new RandomStream(8, 8);
        return [.. lengths.Select(length => Enumerable.Range(0, length).Select(_ => (int)(random.NextUInt32() % 71)).ToArray())];
    }

    /// <summary>Fails where two arrays differ by more than rounding leaves after a few layers.</summary>
    public static void AssertClose(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance = 2e-5)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = 0.01;
        foreach (float value in expected)
        {
            largest = Math.Max(largest, Math.Abs(value));
        }

        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(
                Math.Abs((double)expected[i] - actual[i]) <= tolerance * largest, $"{what}[{i}]: {actual[i]:R}, expected {expected[i]:R}");
        }
    }
}
