using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Optimizers;
using Espalier.Tests.Engine.Golden;

namespace Espalier.Tests.Engine.Models;

/// <summary>Whole models against PyTorch's numbers (Golden/make_goldens.py), with every kind of kernels this machine has.</summary>
public class GoldenParityTests
{
    public static TheoryData<string, InstructionSet> Cases()
    {
        var cases = new TheoryData<string, InstructionSet>();
        foreach (string model in new[] { "encoder-prenorm-mlm", "encoder-postnorm-mlm", "encoder-prenorm-classifier", "encoder-decoder" })
        {
            foreach (InstructionSet set in Enum.GetValues<InstructionSet>().Where(s => s <= InstructionSets.Widest))
            {
                cases.Add(model, set);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_OfGoldenBatch_EqualPyTorch(string model, InstructionSet instructions)
    {
        using var run = new GoldenRun(model, instructions);
        run.Tape.Recording = false;
        run.AssertClose("output.logits", run.Model.Logits(run.Tape).Data, absolute: 1e-4, relative: 0);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void LossAndEveryGradient_OfGoldenBatch_EqualPyTorch(string model, InstructionSet instructions)
    {
        using var run = new GoldenRun(model, instructions);
        Tensor loss = run.Model.Loss(run.Tape);
        run.AssertClose("output.loss", loss.Data, absolute: 1e-4, relative: 0);
        run.Tape.Backward(loss);
        int compared = 0;
        foreach ((string name, Shape shape, var gradient) in run.Parameters.StoredGradients())
        {
            // A key's bias has a true gradient of zero: what is left there is rounding.
            bool zero = name.EndsWith("key.bias", StringComparison.Ordinal) || name.EndsWith("k_proj.bias", StringComparison.Ordinal);
            run.AssertClose($"grad.{name}", gradient.Slice(0, shape.Count), absolute: zero ? 1e-6 : 0, relative: zero ? 0 : 1e-3);
            compared++;
        }

        Assert.Equal(run.File.Tensors.Keys.Count(k => k.StartsWith("grad.", StringComparison.Ordinal)), compared);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TenAdamWSteps_OnGoldenBatch_TrackPyTorch(string model, InstructionSet instructions)
    {
        using var run = new GoldenRun(model, instructions);
        using var optimizer = new AdamW(run.Parameters);
        float[] expected = run.File.Floats("output.losses");
        foreach (float want in expected)
        {
            run.Tape.Reset();
            Tensor loss = run.Model.Loss(run.Tape);
            float[] got = new float[1];
            run.Device.Download(loss.Data, got);
            Assert.InRange(got[0], want - 1e-3f, want + 1e-3f);
            run.Tape.Backward(loss);
            optimizer.Step(1e-3f);
        }

        // The losses end well below where they began: ten equal losses would pass the comparison only if PyTorch stood still.
        Assert.True(expected[9] < expected[0] * 0.95);
    }
}
