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
