using Espalier.Engine.Autograd;
using Espalier.Engine.Memory;

namespace Espalier.Tests.Engine.Autograd;

/// <summary>Makes a loss of any results: the sum of their elements, each times a given number. Computes no value, as tests
/// sum up in double precision.</summary>
internal sealed class Projection : Operation
{
    private readonly List<(Tensor Result, DeviceSpan<float> Weights)> _terms = [];

    public static Tensor Apply(Tape tape, IReadOnlyList<Tensor> results, IReadOnlyList<float[]> weights)
    {
        Projection op = tape.Rent<Projection>();
        Tensor loss = tape.New(Shape.Vector(1));
        op._terms.Clear();
        for (int i = 0; i < results.Count; i++)
        {
            DeviceSpan<float> span = tape.Allocate(weights[i].Length);
            tape.Device.Upload(weights[i], span);
            op._terms.Add((results[i], span));
        }

        return loss;
    }

    protected internal override void Backward(Tape tape)
    {
        foreach ((Tensor result, DeviceSpan<float> weights) in _terms)
        {
            DeviceSpan<float> gradient = tape.ClaimGradient(result, out bool accumulate);
            if (accumulate)
            {
                tape.Kernels.Add(gradient, weights, gradient);
            }
            else
            {
                tape.Kernels.Scale(weights, 1, gradient);
            }
        }
    }
}
