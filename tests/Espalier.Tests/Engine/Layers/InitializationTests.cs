using Espalier.Engine.Autograd;
using Espalier.Engine.Layers;
using Espalier.Engine.Models;
using Espalier.Tests.Engine.Models;

namespace Espalier.Tests.Engine.Layers;

/// <summary>How whole models begin.</summary>
public class InitializationTests
{
    [Theory]
    [InlineData(WeightSchemeKind.Roberta, 0.02, 0.02)]
    [InlineData(WeightSchemeKind.Scaled, 0.0692820, 0.1)]
    public void Encoder_Matrices_AreNormalWithTheDeviationOfTheScheme(WeightSchemeKind scheme, double matrices, double embeddings)
    {
        EncoderConfiguration configuration = SmallModels.Encoder with
        {
            Hidden = 64,
            Heads = 1,
            FeedForward = 256,
            Vocabulary = 500,
            Initialization = scheme,
        };
        foreach ((Parameter parameter, float[] values) in First(p => new SequenceClassifier(p, configuration, 64)))
        {
            if (parameter.Decay)
            {
                double expected = parameter.Name.StartsWith("embeddings.", StringComparison.Ordinal) ? embeddings : matrices;
                double error = 5 / Math.Sqrt(values.Length);
                Assert.Equal(0, values.Average(), expected * error);
                Assert.Equal(expected, Deviation(values), expected * error);
                Assert.True(values.Max(Math.Abs) > 2.5 * expected, $"{parameter.Name} is not normal");
            }
            else
            {
                AssertConstant(parameter, values);
            }
        }
    }

    [Theory]
    [InlineData(64, 1)]
    [InlineData(128, 2)]
    [InlineData(128, 4)]
    [InlineData(256, 4)]
    public void Encoder_Neighbours_TwoHeadsLookAtTheTokensBesideThem(int hidden, int heads)
    {
        const int length = 40;
        EncoderConfiguration configuration = SmallModels.Encoder with
        {
            Hidden = hidden,
            Heads = heads,
            FeedForward = 16,
            Layers = 2,
            Vocabulary = 200,
            MaximumPositions = 128,
            Initialization = WeightSchemeKind.Neighbours,
        };
        Dictionary<string, float[]> values = First(p => new SequenceClassifier(p, configuration, 2)).ToDictionary(p => p.Parameter.Name, p => p.Values);
        float[] words = values["embeddings.word_embeddings.weight"], positions = values["embeddings.position_embeddings.weight"];
        Assert.Equal(Deviation(words), Deviation(positions), 0.05 * Deviation(words));

        // Words 7, 8, … at positions 50, 51, …
        float[][] x = [.. Enumerable.Range(0, length).Select(i => Normalized(
            [.. Enumerable.Range(0, hidden).Select(c => words[((7 + i) * hidden) + c] + positions[((50 + i) * hidden) + c])]))];
        float[] first = values["encoder.layer.0.attention.self.query+key+value.weight"];
        for (int head = 0; head < Math.Min(heads, 2); head++)
        {
            Assert.InRange(AttentionAt(first, x, head, hidden / heads, head == 0 ? -1 : 1), 0.6, 1);
        }

        // The other heads, the values of all and the next layer are drawn, as without neighbours.
        IEnumerable<float[]> others = first.Chunk(hidden).Where((_, row) => row >= 2 * hidden || row % hidden >= 2 * hidden / heads);
        Assert.All(others, row => Assert.DoesNotContain(0f, row));
        Assert.Equal(0.02 * Math.Sqrt(768.0 / hidden), Deviation([.. others.SelectMany(row => row)]), 0.001);
        float[] drawn = values["encoder.layer.1.attention.self.query+key+value.weight"];
        Assert.DoesNotContain(0f, drawn);
    }

    // There is no other by which the first token, which alone is read, could gather what stands further off.
    [Theory]
    [InlineData(1, LayerSharing.None)]
    [InlineData(3, LayerSharing.Attention)]
    [InlineData(3, LayerSharing.All)]
    public void SequenceClassifier_Neighbours_OfOneAttentionAlone_DrawsIt(int layers, LayerSharing sharing)
    {
        EncoderConfiguration configuration = SmallModels.Encoder with
        {
            Hidden = 128,
            Heads = 2,
            Layers = layers,
            Sharing = sharing,
            Initialization = WeightSchemeKind.Neighbours,
        };
        Assert.DoesNotContain(
            0f, First(p => new SequenceClassifier(p, configuration, 2)).Single(p => p.Parameter.Name == "encoder.layer.0.attention.self.query+key+value.weight").Values);
    }

    [Fact]
    public void EncoderDecoder_Matrices_FillTheGlorotBoundOfEachProjection()
    {
        EncoderDecoderConfiguration configuration = SmallModels.EncoderDecoder with { Hidden = 64, Heads = 1, FeedForward = 256, Vocabulary = 500 };
        foreach ((Parameter parameter, float[] values) in First(p => new EncoderDecoder(p, configuration)))
        {
            if (parameter.Name == "shared.weight")
            {
                Assert.Equal(1 / 8.0, Deviation(values), 0.125 * 5 / Math.Sqrt(values.Length));
            }
            else if (parameter.Decay)
            {
                // Queries, keys and values are one matrix here, but three projections of H × H to the formula.
                int outputs = parameter.Shape.Rows / Math.Max(1, parameter.Parts.Count);
                double bound = Math.Sqrt(6.0 / (parameter.Shape.Columns + outputs));
                Assert.InRange(values.Max(Math.Abs), 0.99 * bound, bound);
                Assert.Equal(bound / Math.Sqrt(3), Deviation(values), bound * 3 / Math.Sqrt(values.Length));
            }
            else
            {
                AssertConstant(parameter, values);
            }
        }
    }

    [Fact]
    public void Allocate_OtherSeed_DrawsOtherNumbers()
    {
        float[] one = Values(1), again = Values(1), two = Values(2);
        Assert.Equal(one, again);
        Assert.NotEqual(one, two);

        static float[] Values(ulong seed)
            => First(p => new SequenceClassifier(p, SmallModels.Encoder, 3), seed).SelectMany(p => p.Values).ToArray();
    }

    // Mean probability with which a head looks at i + offset.
    private static double AttentionAt(float[] projection, float[][] x, int head, int size, int offset)
    {
        int hidden = x[0].Length;
        float[][] queries = [.. x.Select(v => Project(v, head * size))], keys = [.. x.Select(v => Project(v, hidden + (head * size)))];
        return Enumerable.Range(2, x.Length - 4).Average(i =>
        {
            double[] weights = [.. keys.Select(k => Math.Exp(Dot(queries[i], k) / Math.Sqrt(size)))];
            return weights[i + offset] / weights.Sum();
        });

        float[] Project(float[] v, int row) => [.. Enumerable.Range(row, size).Select(r => (float)Dot(projection.Skip(r * hidden).Take(hidden), v))];
    }

    private static double Dot(IEnumerable<float> a, IEnumerable<float> b) => a.Zip(b, (x, y) => (double)x * y).Sum();

    private static float[] Normalized(float[] v)
    {
        double mean = v.Average(), deviation = Math.Sqrt(v.Average(e => (e - mean) * (e - mean)));
        return [.. v.Select(e => (float)((e - mean) / deviation))];
    }

    private static void AssertConstant(Parameter parameter, float[] values)
    {
        bool gain = parameter.Name.Contains("norm", StringComparison.OrdinalIgnoreCase)
            && parameter.Name.EndsWith(".weight", StringComparison.Ordinal);
        Assert.All(values, value => Assert.Equal(gain ? 1 : 0, value));
    }

    private static double Deviation(float[] values) => Math.Sqrt(values.Average(x => (double)x * x));

    private static List<(Parameter Parameter, float[] Values)> First(Func<ParameterSet, object> create, ulong seed = 1)
    {
        using var device = new Espalier.Engine.Devices.CpuDevice(1);
        using var parameters = new ParameterSet(device);
        using var model = create(parameters) as IDisposable;
        parameters.Allocate(seed);
        List<(Parameter, float[])> all = [];
        foreach (Parameter parameter in parameters.All)
        {
            float[] values = new float[parameter.Shape.Count];
            device.Download(parameter.Data, values);
            all.Add((parameter, values));
        }

        return all;
    }
}
