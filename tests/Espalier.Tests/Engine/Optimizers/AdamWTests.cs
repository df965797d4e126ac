using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Optimizers;
using Espalier.Engine.Random;

namespace Espalier.Tests.Engine.Optimizers;

public sealed class AdamWTests : IDisposable
{
    private static readonly AdamWConfiguration Configuration = new() { Beta1 = 0.8f, Beta2 = 0.9f, Epsilon = 1e-3f, WeightDecay = 0.3f };
    private readonly CpuDevice _device = new(2);
    private readonly ParameterSet _parameters;
    private readonly Parameter[] _all;

    public AdamWTests()
    {
        _parameters = new ParameterSet(_device);
        _all =
        [
            _parameters.Add("a", Shape.Matrix(7, 5), Initialization.Normal(1), decay: true),
            _parameters.Add("b", Shape.Vector(3), Initialization.Normal(1), decay: false),
            _parameters.Add("c", Shape.Matrix(33, 2), Initialization.Normal(1), decay: true),
            _parameters.Add("d", Shape.Vector(17), Initialization.Normal(1), decay: false),
        ];
        _parameters.Allocate(seed: 6);
    }

    public void Dispose()
    {
        _parameters.Dispose();
        _device.Dispose();
    }

    [Fact]
    public void Step_SeveralSteps_FollowsTheDefinitionInDoublePrecision()
    {
        using var optimizer = new AdamW(_parameters, Configuration);
        var random = new RandomStream(7, 7);
        double[][] w = [.. _all.Select(p => Read(p).Select(x => (double)x).ToArray())];
        double[][] m = [.. w.Select(x => new double[x.Length])], v = [.. w.Select(x => new double[x.Length])];
        for (int t = 1; t <= 6; t++)
        {
            float[][] gradients = [.. w.Select(x => x.Select(_ => random.NextNormal()).ToArray())];
            (float rate, float maximum) = (0.1f / t, t < 4 ? 5 : 0);
            SetGradients(gradients);
            double norm = Math.Sqrt(gradients.Sum(g => g.Sum(x => (double)x * x)));
            Assert.Equal(norm, optimizer.GradientNorm(), norm * 1e-5);
            optimizer.Step(rate, AdamW.ClippingScale(optimizer.GradientNorm(), maximum));
            double scale = maximum > 0 ? maximum / norm : 1;
            for (int i = 0; i < w.Length; i++)
            {
                double decay = i is 0 or 2 ? Configuration.WeightDecay : 0;
                for (int j = 0; j < w[i].Length; j++)
                {
                    // Loshchilov and Hutter 2019, algorithm 2.
                    double g = gradients[i][j] * scale;
                    m[i][j] = (0.8 * m[i][j]) + (0.2 * g);
                    v[i][j] = (0.9 * v[i][j]) + (0.1 * g * g);
                    double step = m[i][j] / (1 - Math.Pow(0.8, t)) / (Math.Sqrt(v[i][j] / (1 - Math.Pow(0.9, t))) + 1e-3);
                    w[i][j] -= rate * (step + (decay * w[i][j]));
                }

                float[] got = Read(_all[i]);
                for (int j = 0; j < got.Length; j++)
                {
                    Assert.Equal(w[i][j], got[j], 2e-6 * Math.Max(1, Math.Abs(w[i][j])) * t);
                }
            }
        }

        Assert.Equal(6, optimizer.Steps);
    }

    [Fact]
    public void Step_ParameterWithoutGradient_DecaysOnly()
    {
        using var optimizer = new AdamW(_parameters, Configuration);
        float[][] before = [.. _all.Select(Read)];
        SetGradients([.. before.Select(x => x.Select(_ => 1f).ToArray())]);

        // The matrix c and the vector d were not reached: what lies in their gradients is from another pass.
        (_all[2].HasGradient, _all[3].HasGradient) = (false, false);
        Assert.Equal(Math.Sqrt(35 + 3), optimizer.GradientNorm(), 1e-5);
        optimizer.Step(0.1f);
        Assert.NotEqual(before[0], Read(_all[0]));
        Assert.NotEqual(before[1], Read(_all[1]));
        Assert.All(before[2].Zip(Read(_all[2])), pair => Assert.Equal(pair.First * 0.97, pair.Second, 1e-6));
        Assert.Equal(before[3], Read(_all[3]));
        Assert.All(_all, p => Assert.False(p.HasGradient));
    }

    [Theory]
    [InlineData(2, 0, 1)]
    [InlineData(2, 3, 1)]
    [InlineData(2, 0.5, 0.25)]
    [InlineData(0, 0.5, 1)]
    public void ClippingScale_BringsLargerNormsDown(float norm, float maximum, float scale)
        => Assert.Equal(scale, AdamW.ClippingScale(norm, maximum));

    [Fact]
    public void Constructor_EverythingWrong_ListsEveryFault()
    {
        var configuration = new AdamWConfiguration { Beta1 = 1, Beta2 = -1, Epsilon = 0, WeightDecay = float.NaN };
        ConfigurationException fault = Assert.Throws<ConfigurationException>(() => new AdamW(_parameters, configuration));
        Assert.Equal(["Beta1 is 1", "Beta2 is -1", "Epsilon is 0", "WeightDecay is NaN"], fault.Faults.Select(f => f.Split(';')[0]));
    }

    private void SetGradients(float[][] gradients)
    {
        for (int i = 0; i < gradients.Length; i++)
        {
            _device.Upload(gradients[i], _all[i].Gradient);
            _all[i].HasGradient = true;
        }
    }

    private float[] Read(Parameter parameter)
    {
        float[] values = new float[parameter.Shape.Count];
        _device.Download(parameter.Data, values);
        return values;
    }
}
