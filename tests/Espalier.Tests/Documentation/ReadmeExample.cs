using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Optimizers;

namespace Espalier.Tests.Documentation;

/// <summary>The README's example: what stands between the markers stands in the README too, and ReadmeTests runs it.</summary>
internal static class ReadmeExample
{
    public static List<float> Losses()
    {
        List<float> losses = [];

        // begin guide
        using var device = new CpuDevice();                     // ESPALIER_THREADS, ESPALIER_KERNELS override
        using var parameters = new ParameterSet(device);
        var configuration = new EncoderConfiguration { Layers = 2, Hidden = 128, Vocabulary = 500, MaximumPositions = 32 };
        var model = new MaskedLanguageModel(parameters, configuration);
        parameters.Allocate(seed: 1);
        using var optimizer = new AdamW(parameters);            // the paper's settings
        using var tape = new Tape(device) { Training = true, Seed = 1 };

        int[] ids = [0, 17, 4, 99, 2, 0, 4, 230, 2];            // two sequences end to end: no padding
        int[] offsets = [0, 5, 9];
        int[] masked = [2, 6], targets = [42, 311];             // what stood where <mask> = 4 stands
        for (uint step = 0; step < 30; step++)
        {
            tape.Reset();
            tape.Step = step;                                   // dropout is drawn from (seed, site, step, element)
            TokenBatch batch = TokenBatch.Upload(tape, ids, offsets, configuration);
            Tensor loss = model.Loss(tape, batch, tape.Upload(masked), tape.Upload(targets), 1f / masked.Length);
            float[] value = new float[1];
            device.Download(loss.Data, value);
            losses.Add(value[0]);
            tape.Backward(loss);
            optimizer.Step(learningRate: 1e-3f);
        }
        // end guide

        return losses;
    }
}
