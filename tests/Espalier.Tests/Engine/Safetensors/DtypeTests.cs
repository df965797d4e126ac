using Espalier.Engine.Safetensors;

namespace Espalier.Tests.Engine.Safetensors;

public class DtypeTests
{
    [Fact]
    public void Dtype_EachKind_HasTheNameAndSizeThatItIsCalledBy()
    {
        foreach (Dtype dtype in Enum.GetValues<Dtype>())
        {
            string digits = new([.. dtype.Name().SkipWhile(char.IsLetter).TakeWhile(char.IsDigit)]);
            Assert.Equal(dtype.ToString().ToUpperInvariant(), dtype.Name().Replace("_", ""));
            Assert.Equal(dtype == Dtype.Bool ? 8 : int.Parse(digits), dtype.Bits());
        }
    }
}
