using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Tests.Engine.Models;
using Espalier.Training.Objectives;

namespace Espalier.Tests.Training.Objectives;

public class EncoderDecoderFlopsTests
{
    [Fact]
    public void Count_TwoPairs_IsThatOfTheMatricesTheTokensMeet()
    {
        EncoderDecoderConfiguration c = SmallModels.EncoderDecoder;
        using var device = new CpuDevice(1);
        using var parameters = new ParameterSet(device);
        using var model = new EncoderDecoder(parameters, c);
        int[] sources = [0, 5, 8], targets = [0, 4, 11];

        // The source's tokens meet the encoder and the decoder's keys and values of it, the target's all else.
        double matrices = parameters.All.Where(p => p.Shape.Rank == 2).Sum(p => p.Shape.Count * (double)(
            p.Name.StartsWith("encoder.", StringComparison.Ordinal) || p.Name.Contains("encoder_attn.k_proj", StringComparison.Ordinal) ? 8 : 11));
        double scores = 2 * c.Hidden * ((2 * (25 + 9)) + (3 * (10 + 28 + 20 + 21)));
        Assert.Equal(6 * (matrices + scores), new EncoderDecoderFlops(c).Count(sources, targets).Products, 1e-6);
    }
}
